from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

UPGRADE = {
    "sqlite": """
ALTER TABLE "environment" ADD "schedule_problem" TEXT;
ALTER TABLE "environment" ADD "next_scheduled_time" TIMESTAMP;
CREATE INDEX "idx_environment_next_sc_92b38d" ON "environment" ("next_scheduled_time");
UPDATE "environment" SET "next_scheduled_time" = strftime('%Y-%m-%d %H:%M:%S+00:00', 'now') WHERE "trigger_spec" LIKE '%"schedule"%';
UPDATE "task" SET "idempotency_key" = 'api.' || "idempotency_key" WHERE "trigger_type" IN ('manual', 'redeploy', 'rollback') AND length("idempotency_key") <= 124;
""",
    "postgres": """
ALTER TABLE "environment" ADD "schedule_problem" TEXT;
ALTER TABLE "environment" ADD "next_scheduled_time" TIMESTAMPTZ;
CREATE INDEX IF NOT EXISTS "idx_environment_next_sc_92b38d" ON "environment" ("next_scheduled_time");
UPDATE "environment" SET "next_scheduled_time" = now() WHERE jsonb_exists("trigger_spec", 'schedule');
UPDATE "task" SET "idempotency_key" = 'api.' || "idempotency_key" WHERE "trigger_type" IN ('manual', 'redeploy', 'rollback') AND length("idempotency_key") <= 124;
""",
}

DOWNGRADE = {
    "sqlite": """
UPDATE "task" SET "idempotency_key" = substr("idempotency_key", 5) WHERE "idempotency_key" LIKE 'api.%';
DROP INDEX IF EXISTS "idx_environment_next_sc_92b38d";
ALTER TABLE "environment" DROP COLUMN "schedule_problem";
ALTER TABLE "environment" DROP COLUMN "next_scheduled_time";
""",
    "postgres": """
UPDATE "task" SET "idempotency_key" = substr("idempotency_key", 5) WHERE "idempotency_key" LIKE 'api.%';
DROP INDEX IF EXISTS "idx_environment_next_sc_92b38d";
ALTER TABLE "environment" DROP COLUMN "schedule_problem";
ALTER TABLE "environment" DROP COLUMN "next_scheduled_time";
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE[db.capabilities.dialect]


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    "eJztXV1327YZ/is4uknno+Y4ip24y9mFnbit19TeEnXd1uzwQCQsYaIAlqAs63T57wPAbx"
    "KkCEmUKRo3bUzgBaUH0Avgeb/+GPjUdVdw/fLSw2M6R2TwZ/DHgMAF4v8oNw7BAHpepkk8"
    "CeDEld2hh60g6TdhgQ/tgDfcQ5ch/shBzPaxF2AqXjO4BEuG/BcMSBlwT30AwQLaM0zQO0"
    "CJuwY4YGAG2QxgBubIC4YAEkc+naApJgSTKZcGc0JX/CmYrF+KVzvU5u/mba2+ZUnw70vE"
    "v/AUBTPk83f99ttAvEs0SgT/8x/+L0wc9IiYaBZ/enPrHiPXyeGMHSEjn1vB2pPP3s+g/7"
    "3sKb7RxLKpu1yQtLe3DmaUJN35FxZPp4ggHwbIycBOlq4bTVH8KPzs/EHgL1HyIZ30gYPu"
    "4dIVkyekw0+QPhtY1u3d2Pp8PbasQWliY4nMLESPbErEosAkYPL7L+Cj5SIyDWb8zzdnX8"
    "P3pDiEvcQL/3H56f2Pl5++eXP2J/FCyldWuOZuo5aRbPoqh4ABDAeRqKcwy/9rAB333w/U"
    "8YMU6/R3cbRgp+Aym4oxSvD+9fPdrRreVKIAsIPtAPwPuJgFRwh0DbACCzHygrHf3Syg3/"
    "x8+c8i1u8/3l1JcCgLpr4cRQ5wVQCe+lNLd2VnZbZa3ZGa6ArmbS9uvum52IbiY1l6yros"
    "afDejDciD9prOitjMN6MsTwPWeLco4NyXsocQjbC7PnoHj/qQJxK9PDg8epNA4BfvakEWD"
    "TlAbZ9JMCwAqzSFx94m2hRQ12ULR5EIuGX8T+OEX7+FZ07fs2Jflc18I9vfr7+PL78+W+5"
    "M8qHy/G1aBnJp+vC02+KU5UMAn69Gf8IxJ/g33e318WjTNJv/O+B+ExwGVCL37As6GRUQP"
    "w0Ri038y5kgcVvXNvNfVl6D7PfsT3kSCY7xqR2ttGjh/lwW811UdbMdJdnWpAomsfsjEgP"
    "N839nEoE/XQ/VzIjMW2Vh/t76iM8JT+htQT9hn9CSGzVDygmCn+JxjkytL/Gyyl+mv6+fb"
    "hKCLvsKuNf3kEuCsJ1efn5/eWH64GEeALt+Qr6jpXDWrTQES08SfqWmxajRfEJJHAqwRHf"
    "QnzmlJ9NLpkDNX+btg83ULj5ng1IXB/x3z8OqL8GwQwGAIIAwQVwkOfSNVMRsg0klOQqXf"
    "FVZVF/mjKsQ/AbPy/TB+yEC08MLWbIUK+Geu2Memn7iinYPL11nEr0EOBXb04b3TFPay6Z"
    "p0WMs5+sBPQYPQZqoAtifeCl6k6a1/8c1/PbyUHz493tD3H3Iuld4gKxT8kCkUDHulAQMy"
    "aGHUwM2R22OYuVyvRSyeybx5JHF3nE0YE5L9VDoEfn5w2Q5r0qoZZtCqz1tsyMiEFZA2Xd"
    "k19OyCCtgfTSd3WOJlmZXuB86IOJBHCFJjNK5xZDto8UB5QN+JfFzRFRfyb4qwm7D7kBbY"
    "WjFO7DLLR97TSGt+dqeFt6ztYzX5Q1M9+VmVfYZqJPn6GaYgpWl3AqyPXiwNES7VRjp8kx"
    "4Lsaa+7CYY4M9Ka2muKKyxlsPvHfwaeb9+M6i02W+3PxA/Kxyr31KpL9/qdPyIUVPF+M+I"
    "dwoHWPYK+i6naF6jpP3/URrQCy+a4wjfkYfcKnXTPp0sEB36NwhZU0bR7WG0lFR8tOem40"
    "ko5nCCDiAHoPKEFASoo/5EC8JRC6JYw6CXhXl9pz0bya8Rnl+kI+DIUC5LqMt5XNqi29Q2"
    "GINaZVjVPBRZNDwUX1meDidJNplaHfyzjfkArWIepdwBm3p2VP24J5Kj7Bt6NXZ2/PLl6/"
    "ObvgXeSnTJ68rUH+5nZcuM3qOkLv1wW6CZKDwUFWbEvORk/lGiPU3zXXfutqnR82N9H5KO"
    "m5Uef/KjxbGF2gCXXWwMHOuzTO0KZc4zKpcuWIiVaWrVwri38LLT5B9/xYX1b2+x5c6W6T"
    "bHBCZxQdav4YpDMgdLdoRo8ev2kyDkAyMUkATQqfxVHmG5UlQi8lxNEvZyBH4KjKP76aba"
    "XuR/pdE/Pjd9Xmx+/ebNpWktlvinQi0MO7/b528aPZtdtEds8b9zYkZI/Jx+MlG8s8M99g"
    "qa4neFbGWHEahLYKvLQB7qme3z+8DxjqgBt1N9A2WbmOI46bWms3FTEQN4DYQQ/Y1rKmpx"
    "I9BHh02uQcyHtV++6clk6CXJ8qnYprNfAu/sTdxriFQHfoT1WuOTUuIYlEDwF+PWqyiHmv"
    "SohlWx7jkEsoY1ztn51K7OSa3bHT2qE9s+F9oPIXroY9ETCob49697niI1PXXWGLEwO9ii"
    "vOWu9rmGIn220jTXwnbHXQdaWpDvyAAzDji09knGPIF0epd+AkHpHfak9EjjpB9dIVAeID"
    "yoR2OChTxPsa+Av5Qk5mCDrIZycA+gjwNcxQGLnJ4FpaECWnfCLIaDHOO/mnpKb5oDZdSF"
    "oYOS/BCQwCtPCCE/50SQRjTVdfCOU6iYjMeivIAGRz5Ih0exMEVtQXf1DCJfnnFDoq+QyC"
    "3U69DV4ASNiKf8QhOPERZJTIL7Sarb8QwWgjKUUoqeG7C7GvGXBK7PdvirxOPrIRF4g822"
    "RkKgtgsGQVjYVHhu9+2gjV7HRr3XdyYj3U8K0ELKAHZThfTXavB3UgXx8Q3v+VJ9LXOgfD"
    "jIiJldzhbCi2vTLuV5hAf11xE4okCrBP1kHocNgfwK8iDBPAOd5XN7eXn/6ljv64UmB+9a"
    "/x9WXRmJbss03VSSrRQ32y/9jU6NimYbHMSBzOavmqLXj3bLKMz7I6+jkrYxT0Dgo6vB6U"
    "oa+L1Isl+mBQPHyYZPaeU4K93lBfEjYW+05b7O8xwWy25WSXhE2avi7P9ZMnxe7aD/nASf"
    "sKfNWu4WCFJHFHhn3TsLDy0utUJr9s2JOKgy6ERdXQ0IX8R00cliVNSkAGIsGhhmn5JCcb"
    "ho9IwpcvJz9gAEbNQJKsKkfl3QeVDDThpzOL2Xx3WLrRDhExvJI6ZiBuk6MvBbsdP7E8n3"
    "JQFieCrpaccBgBA1kAxDhfyAI6ghwGIiKrMT9sSrw8ZWY2k2rwaXwpBDoa4Mb9ewju/lkW"
    "/vbpFPkW85CtQw0U5Qw9sAM9YDuWhz3kYoKsNVwoUirVhEAoZPu48k9HTRSL6Fa9+mVjMS"
    "ZCJEHSqyGViphVvxMpxujSV7l6VmOflTHg7wC+y6FhgSVOn5oX6bJkHxjKgrYZXTRRNqOL"
    "al0j2koMPFPemysNGhkJY9AoGjQUtzNd8q9iiINQgIe8EfWJASzesHWMKirZPiivQ5tXDA"
    "trWNjOYN8TFvaGPOCgupxKpnlYy8HifMcGxVQ8F9oIYBLXRAlyiR4WcA0COI/rVmeTOggK"
    "lN8750mh66iWtar+SjsvUZdsyeRUlUWGDGHaLbfXJ6ke3DW11TZrynWDXg70qH8PwW2BNT"
    "V1bA+xhuVexi9mE10P+ZJgD1e1Sa59aPiPM8Vyk+TaHatz2rWZP5KZbsSfPEGh046xJf2u"
    "c9oxsJvezrta5vQjnb6fLcl8oLqUJ43D2iu5S6eWnfRrciPHiF+WZRAtC5DHr758iCHgN+"
    "YF1wZ8yYKf8NU7cS1GLAwyXS4myEcOuPfpArwS92wE7ZmUVt7G9/oC4SwlUgEH6FH6UxGH"
    "iQ4n4u+TIaB+Jh5XNnh8bpBzwi/7dhhWK4YRN36RTRg51Vf7IEo9rcoOGbZGa0gMaMlG8Z"
    "csuy6+jGbI6xWeVtpmlPpQYZaJFnt3z/ChWea70ej167ej09dvLs7P3r49vzhN7DPlpjpD"
    "zdXND8JWk9OWsfHmaBMKt4//3sxi+ZXfFNCckMFVges99mMl0hzXvJDBVYFrqpubw5qTMa"
    "gqtQC/rCpso3XRqbFED7mSFhhAkwG2rzdkcWwtT221V0Hcvxe/m0O7EoRXAdXRuzp5QSqz"
    "ZfqCbt6RlafplrIXbOH3t6vDX9dWeksefzVMUHx73ZUJ6lkBpmGBCsostE5RQaJ2nYoFim"
    "ra1RBAUfG8ZpnZBBP2ggGfrgRXIopmCIeJl2DM//vtCjsIPEB3iVjItPAOkkG5+/X2+lMo"
    "ps7Ltp9hlaxMzHAqo9NyRTvCHsPash1L7DzKGnpJhfl4/f9ye/P3X+SWn9TsAL/+eP3pGg"
    "jjNfgLeBF+XFPIowMhccEM81+cB33FWaomrCgnZfKFbu/g/4SBLc8ceRMMatyajpPUyH6s"
    "EsbVF+CCWB9sxAf3qHcxVOjqaswTAYO2PtounVIdsOP+Bmt9rJ/A36TbartvDiddQ3tXjx"
    "O9Ou2ZqJJd62r3Mwyn3fLan0MSYaDiZeK2YS03wzK9GrjmMP4bQs63mEhCRdAkgkoJKxBV"
    "RK9sjI3Zy5imaHYX1PKwjhExQQPtwX58JdqOqrT28RVoOxC8rZRnM4EYzzUQQ3o28VPAdn"
    "Nfljazf0yzb8Jwno2TkaFFDC3Sifv58EgCcT4HyBsor/miYVh/x4+7NHLAENbnMDZGeKK8"
    "C4NTTgFD4t4twlz4U7BUxNXoCteGuITe+OUgl9T5LaonY6q41VvJzho5O5zVODucbXR20I"
    "23MKEWdc7ragN6tXmmVwb0Q9tnTB2rQqXqBtri9aimTnUpw6xIML/lha4oa4qTdPlMbwrR"
    "PJ+5Ro844LPn6ISt5WS22vk7NqH73viR71PFHa16508EjGeG/s5Pl4G31PMQzYgYD9HtPU"
    "T51ye2RKeE/RWlLoKkwhaYlSvGPnHBtk5fyZMDBz/d3X3MYX91U1zWv/x8dc1vb3IieCcc"
    "chWKKGM6tZLosGKkWXWSh5zY4e5qp+3q64PkemgQ4le31Ktj/Mw6r1nnJq7PxPU90e55tH"
    "F9EnYVsxzPRw2zHE99M2Y5LDGnJo4zbVWV4CQt7KCFRwNE7LU1R2sFQcw7Rigj8pDkzM25"
    "BXCZbL9yW0rxFNty4XyKVzUJ7pMLgR9lJJIbY/vCzyKi+7gI4Yi9AJe3H4CPPCq4Ed4gET"
    "dBfwcraVLNg2dXXFO8szI93IBaqIcXlV7z4NqlULG2N1dty4iae9wOMZaGO2+bO0eeXghr"
    "LGCKg+2wrh3MPBjYMxmGr7d7KkT7wM21FkBfVusSJw3Ei3I9VCwm1Xl3FM7RWWqWnrP1VB"
    "dlzVR3eqrD2qDbFLUsS/Zw12qjqCVbeshnyNmmSodK1sDeCHYf3ZeRrraTRt37AO6hraQT"
    "HxJbEbFXDXYqYfDWxzuAUx2wo+4GaX2kbbpYYEV2rppa84lEH/Bu+46xQIzBqZYna0akDw"
    "gfekV72EPqVOLVkGdlDOZbYO5C/aD2nFAfUG9bl4Sp+ayoIPwWWf1yoobz354bxUTtNFet"
    "YVKJPqz0Q+sX9CjM6iW4a52HEhnjO6ThO7TCwcyqTBtaC3hR9IC4xxb1o4U9dmTQhDwrZp"
    "a5Bt5FDxqNY4tCtA8q/QB8VRY53cOiSrZ/sLdwZjSBZ8/E7mECz57PXPvIRvhBdVyojGLI"
    "ivQmiGF/0eb84mbp1Z/MihwO0FdHAig/mKoMJtVhkXF/szZLVzLqz1VZa6oPS6mEOSJtPi"
    "Lx6xVD1i5pt9QjmC20y1uoLeJwXMtHHFmmf/NWiZsbuMYNPAEQMr1CEyXBPui4QxOqadBO"
    "0z0llTC+pfp556LArV2DA/uZHX5YiBFMl5puiGBGvcyWZL5rMv6PdPpejNMjrEuRFZZPV7"
    "viFGff6yNG6AERpSlEByARRHotBuoTSq3H44aIVQXlJnhuiMy1UNKxUXwu7+yv0+yNLxj4"
    "L136BLrvwtyN/GAiWwkIE6GEtTKZKKgpijK4dAqk8lFH+O519NrckYKaKAYGa0XH1uXEUJ"
    "4EFHf1SL3XLe+nDY89YDKM6ohZPeLp4JxT+/jvjSuZ8++hc6qN+/fwTLv/yoDbUCMmaOYo"
    "2BB5EtRNYJsXMrnsnjiJbcewPDSlcfA4/I7h3XYYvkl2aZJdHrmKMInRTGK0J1rjx5sYbe"
    "bTIJDQKniYuHFYT8Nku20kYX6kK0DvA0QAowsUzDi6YAUZRw0jBzDMl4nkQlZ8RnnXCZpC"
    "ErInc7QGAXJdBgidUGcNVjOoKLbZxgt2qLyp6X+6i89px8iXA9fetOmSKKIIKk8vSX9Dta"
    "iOLkdXp+yQa/vYyYHShv5E248stKXaeuIKXDXbTlzsq0lJZ5GEghKuz6msxCwI95fg+tsF"
    "xC6IKsMiBqCPZLFlQcezBXRdwLfpgIuqKjrvY8jN20ouF6f4xo0zcMoiX4nEsDYN5+BrIe"
    "snEl+j+WvC7pveoWWeeHbJO9vfILOLoSnYWRkDeQXkmV0z/iE0xTcR2MuFv0PYjs6bgMt7"
    "VRdNPi/X/X7ga1uLUEklDKOyReA/ZGxFfYV6rkm2kJExmOtjPsXBbDmx+NenRG9jLEv2Ta"
    "nsX2FzzBDaEuy8oMF6E9YmIedzKnquccXMOtJifhuaI1X6Ey2XvEsPj8U4R7gOGvktYvKA"
    "AwnCrkjdJCMd7d5cDxX1p7tidOdP+7qQWHy53w2hz+EwfUKpVeLrEvnYng1U1FfUNKwlv2"
    "DaaRP9VY3EDlYN1WHpubiT7sixVxM0Uf4unWNoRqSHBuzR+XkjEuG8hkQ4L5EIqmCd2sio"
    "nqL76rRRiYPTmhIHp6USB/yNAVLZ4aqz12VETEkPzbR1T2rI+fp/ZWMkAw=="
)
