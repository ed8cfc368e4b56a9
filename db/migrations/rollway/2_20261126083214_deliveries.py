from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

UPGRADE = {
    "sqlite": """
CREATE TABLE IF NOT EXISTS "delivery" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "delivery_id" VARCHAR(255) NOT NULL,
    "event" VARCHAR(64) NOT NULL,
    "headers" JSON NOT NULL,
    "body" BLOB NOT NULL,
    "status" VARCHAR(16) NOT NULL,
    "attempt" INT NOT NULL,
    "verdicts" JSON NOT NULL,
    "reason" TEXT,
    "received_time" TIMESTAMP NOT NULL,
    "finished_time" TIMESTAMP,
    "application_id" VARCHAR(64) NOT NULL REFERENCES "application" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_delivery_applica_6eb254" UNIQUE ("application_id", "delivery_id")
) /* One call of a Git hosting service; *delivery_id* is its own name for it. */;
CREATE INDEX IF NOT EXISTS "idx_delivery_applica_ac5987" ON "delivery" ("application_id", "received_time");
CREATE INDEX IF NOT EXISTS "idx_delivery_status_b14dea" ON "delivery" ("status", "received_time");
CREATE INDEX IF NOT EXISTS "idx_delivery_receive_f42edc" ON "delivery" ("received_time");
ALTER TABLE "task" ADD "with_secrets" INT NOT NULL DEFAULT 1;
""",
    "postgres": """
CREATE TABLE IF NOT EXISTS "delivery" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "delivery_id" VARCHAR(255) NOT NULL,
    "event" VARCHAR(64) NOT NULL,
    "headers" JSONB NOT NULL,
    "body" BYTEA NOT NULL,
    "status" VARCHAR(16) NOT NULL,
    "attempt" INT NOT NULL,
    "verdicts" JSONB NOT NULL,
    "reason" TEXT,
    "received_time" TIMESTAMPTZ NOT NULL,
    "finished_time" TIMESTAMPTZ,
    "application_id" VARCHAR(64) NOT NULL REFERENCES "application" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_delivery_applica_6eb254" UNIQUE ("application_id", "delivery_id")
);
CREATE INDEX IF NOT EXISTS "idx_delivery_applica_ac5987" ON "delivery" ("application_id", "received_time");
CREATE INDEX IF NOT EXISTS "idx_delivery_status_b14dea" ON "delivery" ("status", "received_time");
CREATE INDEX IF NOT EXISTS "idx_delivery_receive_f42edc" ON "delivery" ("received_time");
COMMENT ON TABLE "delivery" IS 'One call of a Git hosting service; *delivery_id* is its own name for it.';
ALTER TABLE "task" ADD "with_secrets" BOOL NOT NULL DEFAULT True;
""",
}

DOWNGRADE = {
    "sqlite": """
ALTER TABLE "task" DROP COLUMN "with_secrets";
DROP TABLE IF EXISTS "delivery";
""",
    "postgres": """
ALTER TABLE "task" DROP COLUMN "with_secrets";
DROP TABLE IF EXISTS "delivery";
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE[db.capabilities.dialect]


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    "eJztXV1z27aa/isY3aTrUTOOYifuyeyFnbqtt6m9m6jbc057hgOTsIQVBagEZFnTzX8/AP"
    "hNghQhiTJF4yaxCLwg+QB8ATx4P/4aBNT3V3D9+nKBx3SGyOBv4K8BgXMk/igXDsEALhaZ"
    "InmFw3tfVYcL7PCk3j3jAXS5KHiAPkPikoeYG+AFx1TeZnAJlgwFrxhQMuCBBgCCOXSnmK"
    "APgBJ/DTBnYArZFGAGZmjBhwAST129RxNMCCYTIQ1mhK7EVXC/fi1v7VFX3FuUtXqXJcF/"
    "LpF44QniUxSIe/3++0DeSxYqBP/1L/EXJh56QkwWy5+LmfOAke/lcMaelFHXHb5eqGsfpz"
    "D4QdWUb3TvuNRfzklae7HmU0qS6uKF5dUJIiiAHHkZ2MnS96Muii+Fzy4u8GCJkof00gse"
    "eoBLX3aelA6fIL02cJzbu7Hz5XrsOINSx8YSmV6ILrmUyEGBCWfq/efwyfERmfCp+Pnu7G"
    "t4nxSHsJa84f9efv740+Xnb96d/Ye8IRUjKxxzt1HJSBV9VU1ADsNGFOopzOp/A6Dj+vuB"
    "Or6QYp1+F0cLdgouc6lsowTvf325u9XDm0oUAPawy8H/Ax8zfoRA1wArsZAtzxn7088C+s"
    "0vl38vYv3x092VAocyPglUK6qBqwLwNJg4piM7K7PV6I7URFcwb3twi0nPxy6Uj+WYKeuy"
    "pMV7M96IPBqP6ayMxXgzxmo95Mh1jwnKeSm7CNkI8yJAD/jJBOJUoocLjzfvGgD85l0lwL"
    "IoD7AbIAmGw7FOX3wvymSJHuqibHEhEgm/jv84RvjFK3p3YpsTfVc18I9vfrn+Mr785b9z"
    "a5TvL8fXsmSkrq4LV78pdlXSCPjtZvwTkD/BP+9ur4tLmaTe+J8D+UxwyakjdlgO9DIqIL"
    "4ao5breR8y7ogd13Z9X5beQ+93bA45ks6OMantbfS0wKK5rfq6KGt7uss9LUkUw2V2RqSH"
    "k+Z+ViWSfnqYaZmRmLbKw/0DDRCekJ/RWoF+I54QElf3AcVE4a9RO0eG9td4OMVX0+87gK"
    "uEsMuOMvHyHvIRD8fl5ZePl99fDxTE99CdrWDgOTmsZQkd0cKVpG65aD6aF69AAicKHPkW"
    "8plTfjbZZA70/G1aPtxA4eZrNiBxAyS+f8xpsAZ8CjmAgCM4Bx5a+HTNdIRsAwktuUpXYl"
    "Q5NJikDOsQ/C7Wy/QRe+HAk03LHrLUq6VeO6Ne2t5iSjbPbBynEj0E+M2700Z7zNOaTeZp"
    "EePsk5WAHqMnrge6INYHXqpupXn993E9v50sND/d3f4YVy+S3iUuEAeUzBHhJqcLBTF7xL"
    "DDEUN2hm3OYqUyvVQy++ax1NJFLXFMYM5L9RDo0fl5A6RFrUqoVZkGa7MpMyNiUTZA2XTl"
    "lxOySBsgvQx8k6VJVqYXOB96YaIAXKH7KaUzhyE3QJoFygb8y+J2iWjeE+LWhD2E3ICxwt"
    "EK96EX2t522oO3l3rwtlx4W/d8Udb2fFd6XnM2Ez19hmqKKVhTwqkg14sFR0u0U805TY4B"
    "3/Ww5i5s5shAb3pWUxxxuQObz+I7+HzzcVx3YpPl/nz8iAKsM2+9imR/+Pkz8mEFzxcj/n"
    "3Y0LpHsFdRdbtCdZ2n7/qIFodstitMY9FGn/Bp95h06WEu5ihccUqaFg/rD0llRcdNam48"
    "JB1PEUDEA/QBUIKAkpQ/VEOihEvdEnqdcFHVp+5MFq+mokeFvlAXQyGOfJ+JsvKxakv30B"
    "zE2qNVg1XBRZNFwUX1muDidNPRKkN/lnG+IRWsQ1S7gDNuT8uetgXzRD7Bt6M3Z+/PLt6+"
    "O7sQVdRTJlfe1yB/czsu7GZNDaH3awLdBMnB4CAjtiVjo+cyjZHq71pov3W1zg+Lm+h8lN"
    "TcqPN/k5YtjM7RPfXWwMPeh9TP0KVC4zKlclWLiVZWpUIry7+lFr9HD2JZX1b2+25ca26T"
    "THBSZxQNav4apD0gdbcsRk8LsdNkAoCkYxIHmhQ+R6AsJipHul4qiKMvZ6BaEKiqH1/ttF"
    "L3kX7X5Pjxu+rjx+/ebZpWkt5vinQi0MO9/b5m8aOZtdtEds8T9zYkZI/Jx+MlG8s8s5hg"
    "qakleFbGnuI0cG2VeBkD3FM9v394HzE0ATeqbqFtMnI9Ty43jcZuKmIhbgCxhx6xa3Sank"
    "r0EODRaZN1oKhVbbtzWloJCn2qNSqu1cC72BN3G+MWHN1hMNGZ5tSYhCQSPQT47ajJIBa1"
    "KiFWZXmMQy6hjHG1fXYqsZNpdsdWa4e2zIYPXGcvXA17ImBR3x717nPFR6auu8IWJwf0Oq"
    "44e3pfwxR72WobaeI7eVYHfV8d1YEfMQdTMfhkxDmGArmU+gBO4hbFrvZExqiTVC9dESAf"
    "UAW0w7xMEe+r4T/IH+RkiqCHAnYCYICAGMMMhZ6bDK7VCaLilE8kGS3b+aB+KmpaNOrSua"
    "KFkfcanEDO0XzBT8TVJZGMNV39QajQSURG1ltBBiCbIU+G27tHYEUD+YMSISmeU+qo5Bkk"
    "u51aG7wCkLCVeMQhOAkQZJSoF1pN138QyWgjJUUoqeG7C76vGXBK7PfvmrhOAXKREIgs25"
    "RnKuOQL1lFYeGS5buf10M1291G+52cWA81fCsOC+hR685XE93rUe/I1weE97/lifS1ycIw"
    "I2J9JXdYG8ppr4z7FSYwWFfshCKJAuz3ax4aHPYH8KsIwwRwgffVze3l53/ovT+uNJhf/W"
    "N8fVk8TEvm2abqJJXooT7Zv29qtGwzOLHMSBzu1PJNW/Du+cgyXsua6OesjFXQOyjocHtQ"
    "hr7OUy+W6MOB4uHdJLP7nBLs9Qf1JWF7Yt/pE/sHTDCbbtnZJWEbpq/Lff3sQbG79iEfOG"
    "hfga/a1R2sECTuyLBv6hZWHnqdiuSXdXvScdAFt6gaGroQ/6iJwbKiSQnIQCQ51DAsn+Jk"
    "Q/cRRfiK4RRwBmBUDBTJqjNU3k+jTQhbm3PlOUOl2dh/z2PcINExADeu30Nw9097iLtPJi"
    "hw2AK5Jnv1opzdr++wX3c9Z4EXyMcEOWs418Q4qvFJ0Mj2ceSfjpooFlmtevSrwqKTgoxK"
    "ZJbUKRWxo34nlorRZaCzvazGPitjwd8BfF9Aw7gjHfQNd7ZlyT5QhgVtM7poomxGF9W6Rp"
    "aVKHGm3chWnjBkJOwJQ/GEwXIzlpvpDPY94WZuyCPm1UkWMsXDWmYG5ys2SLGw8KGLACZx"
    "pgSec/+ewzXgcBZns826ekuDPrH4nSXpb6MMt7qsDO3cRJ/IIRNpUaUesaxNt4zhniWnaN"
    "fUVtvUjdANZpGRo/o9BLcF6sZmtzzEGFZzGfKce1O72ZJgD0e1Dbl7aPiPM/Bqk5C7Hct+"
    "2LWeP5KebmRX8QzpDzvNN/Ut+2HHwG66O+9q8sNPdPJxuiSzgW5TnhQOa7fkPp04blKvyY"
    "4cI7FZVq51jKOF2PqKJoZA7JjnQhuIIQt+xlcf5LYYsdD1bDm/RwHywENA5+CN3Gcj6E6V"
    "tHY3vtcbSCc+GSCUoydlZUE8JiucyN8nQ0CDjJeeKliIvkHeidjsu6GznWxG7vhljFHkVW"
    "/teRSQVhczLiyNxpBs0FGF8pdKxixfxtAR7gpPKglirT7UcMPRYO/uGj7khr8bjd6+fT86"
    "ffvu4vzs/fvzi9OEJC4X1bHFVzc/SsI4py1jBvlow4y2j//euPn8yG8KaE7I4qrB9QEHsR"
    "JpjmteyOKqwTXVzc1hzclYVLVaQGxW5yaL/FSih1xJCwygjQvZ1x2yXLaWu7bagSuu34vv"
    "5tD+W+FWQLf0rnZpTmW2dGru5h5Zu5puyad5C+OjXa2OujbSWzI7qmGC4t3rrkxQz9KyDA"
    "tUUGagdYoKkhmtdCxQlOmqhgCKUmo1i9ckmbBXDAR0JbkSGUpfGky8BmPx77cr7CHwCP0l"
    "YiHTIiooBuXut9vrz6GYPlrTfprVsjIxw6l1kcmF8g9rDGuD+S+x96QyayV5p+Px/+vtzf"
    "/8qqb8JJI/+O2n68/XQB5eg/8Er8LHteH9O+CXw6dYfHELGGjWUjW+DTkpG0VweyvjZ7Su"
    "f+HIW480a9Z0nKRG9rFKGFdvgAtifTgjPvQ2GPoYanR1NeaJgEXbHG2fTqgJ2HF9i7U51s"
    "9gb9Jttd03g5Ouob2rxYlZ9uaMV8mu2Xb76YbTbtLdLyGJMNDxMnHZsJabYZlaDUxzmPiG"
    "kPctJopQkTSJpFLCvCQV3isbfWP20qZNpdsFtTysY0Ss00B7sB9f4qajSrh7fGmbDgRvK0"
    "mbrCPGS3XEUJZNYhWwXd+XpW3vH1PvWzecF2NkZGkRS4t0Yn8+PBJHnC8cLQbabb4sGNbv"
    "8eMqjQww5Olz6BsjLVE+hM4pp4Ahue+Wbi7iKlhq/GpMhWtdXEJr/LKTS2r8FmWZsLmd6k"
    "/JzhoZO5zVGDucbTR2MPW3sK4Wdcbr+gP06uOZXh2gH/p8xma3KeSvbaAt3o5qsteWwlzK"
    "sNNbbuiKsjZlQZfX9DY9xcvpa/SEueg9z8RtLSez1czfsQ7d98SPgoBq9mjVM38iYC0zzG"
    "d+uuSLpZmFaEbEWohubyEqXp+4Cp0S9leU+giSirPArFzR90kItrX6Sq4c2Pnp7u5TDvur"
    "m+Kw/vWXq2uxe1MdISrhkKvQeBnTiZN4hxU9zaqDPOTEDrdXO21XXx8k1kMDF7+6oV7t42"
    "fHec04t3591q/vmWbPo/XrU7DrmOW4P2qY5bjrmzHLYeIpPXGcKatKR6VoYQ/NF5Qj4q6d"
    "GVprCGJRMUIZkcckZm7OLEDIZOuVy1KKp1iWc+fT3KqJc58aCGIpQ+TrD5v494XPIz38Ij"
    "Hr43e4NArVtHd2gDXFOyvTw/mmhRxcUbqnBVz7FGrG9uZMURlRu23bwaXSUuVtU+VoYeax"
    "GgvYhEQ7jGsPswXk7lR53ZvNnhrRPlBxrfnLl9W6wskA8aJcDxWLjWzeHYVzdAczy4W3dV"
    "cXZW1Xd7qrw3yE2yTSK0v2cNZqI5EeWy5QwJC3TVIOnayFvRHsAXooI119LBpV7wO4hz4U"
    "vQ8gcTUOetVgpxIWb3O8OZyYgB1Vt0ibI+3S+RxrgnHV5LdOJPqAd9t7jDliDE6MDFczIn"
    "1A+NAjOk6+bgJ5VsZivgXmPjT3Yc8J9QH1tnVJGInPiZJQbxHELydqOf/tuVFM9DZy1Rom"
    "lejDSD+0fkFP8hS9BHetrVAiY02FDEyFVphPncooobWAF0UPiHt8on60sBcNOAymUY1oH1"
    "TMAfiTLHKmixedbP9gb2ENY/2eXggPb/2eXk5fB8hF+FFnzl1pRJ8V6Y0N/f6cncVGwjFL"
    "f5gVORygb44EULSgOgK/2isvrm/HZmmLQIOZLmhK9WIplbBLpM1LJLHDYsjZJeqTvgU7hX"
    "Z5CnWlG4jvBEggy8ydAHXilvgw2IEnAEJmluegJNgHHXdogi/1GWk6p6QS1tbRPOxZ5De0"
    "q29aP4OTDwsuaulQM/VQy6iX6ZLMdo0F/4lOPsp2eoR1ydLfCehqV5zi4G99xAg9IqKl5k"
    "0Akj6M17KhPqHUujtoiFiVT2iC5wbHUAclFRu5h4rKwToNHviKgf+jy4BA/0MYOlAsTFQp"
    "AWEcjjBVI5P5HGVOAJ9OgFI+egfTvbZeG7pQUhNFv1Qjb826kAzalYBmrx6p97rh/bzumg"
    "eMxVDtwWlGPB2cc2of/71xJTPxHiar2rh+D9e0+09Mtw01Yp04joINUStB0/ipeSEbSu2Z"
    "Y6h2DMtDUxoH9wvvGN5tu4XbWIs21uKRqwgbl8vG5XqmMX68cbmmAeVcQavhYeLCYT0Nk6"
    "22kYT5ia4AfeCIAEbniE8FumAFmUANIw8wLIaJ4kJWokdF1Xs0gSRkT2ZoDTjyfQYIvafe"
    "GqymUJPrsY0b7JD40dD+dBeb046RLwdO/ejSJdFYtVeuXpL6lmrRLV2OLk3WIcf2sZMDpQ"
    "n9maYfledJN/XECaBqpp0411STjMIyKAIlQp9TlQhYEu6vwfW3c4h9ECUmRQzAAKlcv5KO"
    "Z3Po+0BM01yI6hIK76PJzdNKLhSkfOPGASBVjqlEYlgbAXLwtRB0EsnXaH6bsPqmexgdT7"
    "y4YJLtT5DZwdAU7KyMhbwC8sysGX8ITfFNBPay4e8QtqPzJuCKWtU5e8/Laacfxdg2IlRS"
    "CcuobOGIDhlb0UCjnmuc/zMyFnNzzCeYT5f3jnh9SswmxrJk35TK/hW2wAyhLcHOC1qsN2"
    "FtA0S+pJzbBlvMrCEtFruhGdKF4zAyybtc4LFs5wjHQSO7RUweMVcg7IrUTdLS0c7N9VDR"
    "YLIrRnfBpK8DicWb+90Q+hI20yeUWiW+LlGA3elAR31FRcNa8gumlTbRX9VI7HCqoVssvR"
    "Rz0h059mqCJoonZbIMzYj08AB7dH7eiEQ4ryERzkskgs5Zp9YzqqfovjltFHL/tCbk/mkp"
    "5L64I0e6c7jqaGoZEZtiwjCM2rMe5Hz9N/GxYmA="
)
