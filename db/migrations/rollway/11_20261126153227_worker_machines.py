from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

UPGRADE = {
    "sqlite": """
CREATE TABLE IF NOT EXISTS "worker_machine" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "name" VARCHAR(64) NOT NULL,
    "org_name" VARCHAR(64),
    "labels" JSON NOT NULL,
    "token_hash" VARCHAR(64) NOT NULL UNIQUE,
    "token_expires_time" TIMESTAMP NOT NULL,
    "credential_hash" VARCHAR(64) UNIQUE,
    "prefix" VARCHAR(16),
    "session" VARCHAR(64),
    "version" VARCHAR(64),
    "slots" INT,
    "created_by_id" VARCHAR(64),
    "created_time" TIMESTAMP NOT NULL,
    "last_seen_time" TIMESTAMP,
    CONSTRAINT "uid_worker_mach_org_nam_6616d9" UNIQUE ("org_name", "name")
) /* A worker elsewhere that speaks HTTP: of one team, or of all where *org_name* is null. */;
""",
    "postgres": """
CREATE TABLE IF NOT EXISTS "worker_machine" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "name" VARCHAR(64) NOT NULL,
    "org_name" VARCHAR(64),
    "labels" JSONB NOT NULL,
    "token_hash" VARCHAR(64) NOT NULL UNIQUE,
    "token_expires_time" TIMESTAMPTZ NOT NULL,
    "credential_hash" VARCHAR(64) UNIQUE,
    "prefix" VARCHAR(16),
    "session" VARCHAR(64),
    "version" VARCHAR(64),
    "slots" INT,
    "created_by_id" VARCHAR(64),
    "created_time" TIMESTAMPTZ NOT NULL,
    "last_seen_time" TIMESTAMPTZ,
    CONSTRAINT "uid_worker_mach_org_nam_6616d9" UNIQUE ("org_name", "name")
);
COMMENT ON TABLE "worker_machine" IS 'A worker elsewhere that speaks HTTP: of one team, or of all where *org_name* is null.';
""",
}

DOWNGRADE = {
    "sqlite": """
DROP TABLE IF EXISTS "worker_machine";
""",
    "postgres": """
DROP TABLE IF EXISTS "worker_machine";
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE[db.capabilities.dialect]


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    "eJztXW132zay/is4+pJeHzXHVl7qbs79YCdu49s03psot7ub9LAwCUm4pgCVpCzrdPPfFw"
    "O+kyBFSKJMMfiSWAQGJB+Ag8GDmcFfA4+77gqvn14s6JjfETb4G/prwPCciD/KhUM0wItF"
    "pgiuBPjWldXxglpBUu/WDzxsB6Jggl2fiEsO8W2PLgLK4TaDC7T0iffER1IGTbiHMJpje0"
    "YZeYU4c9eIBj6aYX+GqI/uyCIYIswcefWWTCljlE2FNLpjfCWuotv1U7i1w21xb1HW6l2W"
    "jP65JOKFpySYEU/c6/PnAdwLCiWCv/8u/qLMIQ/Eh2L4ubizJpS4Tg5n6oCMvG4F64W89n"
    "qGvZ9kTXijW8vm7nLO0tqLdTDjLKkuXhiuTgkjHg6Ik4GdLV036qL4Uvjs4kLgLUnykE56"
    "wSETvHSh80A6fIL02sCy3t+MrY9XY8salDo2lsj0QnTJ5gwGBWWBL99/jh8sl7BpMBM/Xz"
    "7/Gt4nxSGsBTf8v4sPr99efPju5fP/ghtyMbLCMfc+KhnJoq+yCRzgsBGJegqz/F8D6Lj+"
    "fqCOL6RYp9/F0YKdguvbHNoowfs/H2/eq+FNJQoAO9QO0L+RS/3gCIGuARawgJbnvv+nmw"
    "X0u18v/lHE+vW7m0sJDveDqSdbkQ1cFoDn3tTSHdlZma1Gd6QmuoJ524NbTHoutTE8lqWn"
    "rMuSBu/NeBN2rz2mszIG480YS3vIArtHB+W8lDFCNsK88MiEPuhAnEr00PA4e9kA4LOXlQ"
    "BDUR5g2yMAhhVQlb54I8qgRA11UbZoiETCT+M/jhF+8YrOjVjmRN9VDfzj61+vPo4vfv17"
    "zkZ5czG+gpKRvLouXP2u2FVJI+i36/FbBD/Rv27eXxVNmaTe+F8DeCa8DLglVlgWdjIqIL"
    "4ao5breRf7gSVWXNv1fVl6D73fsTnkSDo7xqS2t8nDgormturroqzp6S73NJAommZ2RqSH"
    "k+Z+rBKgnyZ3SmYkpq3ycP/EPUKn7BeylqBfiyfEzFZ9QDFR+Clq58jQ/hoPp/hq+n17eJ"
    "UQdtlRJl7eIS4JwnF58fH1xZurgYT4Ftt3K+w5Vg5rKOEjXriS1C0XzUfz4hXM8FSCA28B"
    "z5zys8kic6Dmb9Py4QYKN1+zAYnrEfH904B7axTMcIAwCgieI4csXL72VYRsAwklucpXYl"
    "RZ3JumDOsQfRb2Mr+nTjjwoGnoIUO9Guq1M+ql7SUmsHl64ziV6CHAZy9PG60xT2sWmadF"
    "jLNPVgJ6TB4CNdAFsT7wUnWW5tU/xvX8dmJovrt5/3NcvUh6l7hA6nE2JyzQ2V0oiJkthh"
    "22GLIzbHMWK5XppZLZN48lTRdp4ujAnJfqIdCjFy8aIC1qVUItyxRY602ZGRGDsgbKupZf"
    "TsggrYH00nN1TJOsTC9wPrRhIgFckdsZ53eWT2yPKAyUDfiXxY2JuGNPMIH41v0QC5te2L"
    "EXtlFGBVnTBzv2we3SX2+1XVLditk46fLGiXgt5k9CjlTb8FIK9+EbbJt+Mw4I36oDwnLh"
    "bN3zRVnT813peYWqjZ4+Q7nHW1G6xHtBrhcLr5bo95r96txO4K6b1jdhM0cGetM96+KIy2"
    "1cfxDfwYfr1+O6nevsHohL74lHVW7+l5HsT798IC6u2O+IEX8TNrTuEexVWxa7QnWV38bo"
    "I1oB9u92hWks2ugTPu26iywdGog5ilZ4i6TFw3pnEaho2UnNjc4i4xlBhDmITxBnBElJ+C"
    "EbEiUB6JYw+i4QVV1u30HxaiZ6VOgLeTEUCojr+qKs7F7S0j0UDinGxUTDKjhvYhScV9sE"
    "56ebXEx88mcZ52tWQThFtQs40/a07GlbME/hCb4fnT3/4fn5s5fPz0UV+ZTJlR9qkL9+Py"
    "6sZnUDQvYbCtIEycHgICO2JafLx3IRBPV3JbTfulrnh8VNdD5Jam7U+b+Bh5/P5+SWO2vk"
    "UOdVGm9tc6FxfalyZYuJVpalQivD36DFb8lEmPVlZb/vxpVuh8kEBzqj6Fj41yDtAdDdUE"
    "weFmKl6QsAko5JAglT+CyBspioLAhBlxBHX85AtiBQlT++mmml7iP9sYkbxo/Vbhg/vtw0"
    "rSS93xTpRKCHa/t9zeJHM2u3ieyeJ+5tSMgek4/HSzaWeWYxwXLdiJisjNnFaRDiD3hpA9"
    "xTPb9/eO8p1gE3qm6gbTJyHQfMTa2xm4oYiBtA7JB7amvtpqcSPQR4dNrEDhS1qn0YT0uW"
    "oNCnyuCKWg28S1xFtzFuIeEH9qYqF8Ual5BEoocAPxs1GcSiViXEsiyPccgllDGujlNJJX"
    "YKUemYtXboCBU8CVRxE9WwJwIG9e1R7z5XfGTquits8Ws+n9PgY4CDZfgWRb44V2FYyxjb"
    "sqrlp3UbBJXDnjBazbhPUCiP/Blf+WgWpuAEnw4HdvECyff+LC6JugEk6vSJB5bXEC1ZQN"
    "0wwFyMO9gTJI4qGr2tW31hX9hJwF3nBPKKAtkMd3rioxCJsPoKQ2JS10GQjWaITsIYeNjt"
    "P5Ei0S2EFFvOb4kX8dZfWFpRSMk9zRP5xFzotXDrEp5wgqlLHORTZpOn6DqAJ3HJJEDYBe"
    "Y7fO4TByhvOicnu+50wgtq0hQZkd6R02ej8yaeUKPzak8oKKvnp2H0aAEe1e/dft2zUSNz"
    "rsaaK6/64m9Mb+WXlTLUW4OFidqlrHIXIKlvdu+LmwCxKtfdCMjKHWYz4JBq+dj3AnYyC/"
    "PTc3lg3DAy5uKfpu6y27raPerE3NRbNmOONMjwtJuRnXjBqgzsrItsjXHtZKtttKtvwCEO"
    "u670h1OZsq/AAg1bFChIwxWMXr5iCB5QZs+nQdmK3lfD0maeEewQT9iz2BM2szTMpa3s47"
    "V005OG8Ql4fEA7r+RP6f8hGhUWvPS9EPY3OsFBQOYLYUnbXFi60qL/wkIDmYamt+htYR4H"
    "HN0StOIe/OBMSIrnBCIgeQZwIUldep8gzPyVeERhensE+5zJF1rN1l8YmMxESjFhYVc7lR"
    "QSbWXAKbmYfFYkkfaITYRAFD4i02ClCyxFYeGScSp53HRY2e7WMi1zYj2kUVrJjkDuNU34"
    "RKCHCO/ffI/0tQ77mhExiZl2IGBh2ivjfkkZ9tYV2w2RRAH223UQLqn6A/hlhGECuMD78v"
    "r9xYd/qgPsLxWYX/5zfHVR9FhL5tmm6iSV6KE+2X8irMhs0yAEMhKHowTO2oJ3z5RAbMvq"
    "6OesjFHQOyjocHlQhr4uE0os0Qfq8PD5T7LrnBLsm9KeFISNW2znqLBsZ08oo/5sy84uCZ"
    "vUNl3u60c/gatrH/KBTwgo8FV58PVzLhQy0h8Z9k3Z5PLQ69SxAW/kTuVbzu8Gago6KR5u"
    "IKGhojWLazbw7wjzHaLIDznkd6P8/wizLNsandGaDdwD5jg8zTU6sFXl1tHCHZREbiHPtD"
    "n4tYN0qzl9wJwjeOwwm3MED3SO4K3urkxJsIdwm6yJh4b/OHPnmWMbzcK9Mheapl4tS/ZQ"
    "sR4iW2LtCTr6a/d+pqQbFtbu5dHXqbV7thNUi/dCJ9Ws3gujo0lGH+nixFCG3oB1cri6lv"
    "5UYX416awlhpMnVtM4KkbSQUqVyWf3RqX3GGTwt3x7RpylG00SkXeWdPvyUVwmW1+CZ1p8"
    "xVp4XIAyPwFXM+nPFaaIEzMOgna+sDl2wLFLRnI09u0ylMBjHuFmWIHHYQUAHQ1w4/o9BH"
    "f/S1Vx9+mUeJa/IHYZ5Opt/aKc2drfYWvfdqwFXRCXMmKt8Vxx3EkNZaCQ7ePIPx01USxQ"
    "rXr0y8Ji0jDg9rU8WjIiZtTv5NDi86WnyoVSjX1WxoC/A/iugMYPrC3CbMuSffAuai3cNu"
    "c95yv3vCudETMSxhmx6IyoWJ3pEoAVTRyEBTRBi9uRgMUVdrnPqx0iVbJ9UF6Hdo00HlTG"
    "g6oz2B/Og6qYzkG6Ke1+gE3WNaon2Ld76Mg1u6cBjp61zFdnioe1dDXNV2zga7ZwsU0QZQ"
    "ijgOB5FEwcJ42f4zUK8B2p8AITS3TI2bPR3aydmyjp5ez5jEtfXDXccrfczbY5fXPnQze7"
    "pmXaJpiFbtA7Vz6q30NwWyCYjU/fIcawnMu2cTkrCfZwVBuXM+Nyti+XM/KwoKK1rXq+KN"
    "vDnj+Snm5ENYFFrKlNMyJ9IJYOzGvIJUgJbX1C41PUznGB3ZTIyIyxTvmRvePT17MlU0eA"
    "JYXD2iW5y6eWndRrsiKnRCyWZa4wPyALsfQVTcgUu3OhDcSQRb/Qy1ewLCZ+mEtLJr8lDp"
    "p4fI7OYJ1NsD2T0srV+F5vAH5lcKxoQB7ifMBQ4QR+nwwR9zJpx2TBQvQNcU7EYt8Os4dB"
    "M4UsxMqlfZyhT3XS3Odscjpo0JKF8Ev6RMPLaGb2uqTTym0spT5U7GBFg727Nny4g/XjaP"
    "Ts2Q+j02cvz188/+GHF+enyVZWuahuT+vy+mfY1sppy3if62gPJ20f/73tIOZHflNAc0IG"
    "VwWuE+rFSqQ5rnkhg6sC11Q3N4c1J2NQVWoBsVhVbCPXJeGKJXrIlbTAAJrTJPu6Qgaztd"
    "y11Q4Ycf1efDeH9roIlwIq07s6R2Mqs2WWxm6ukZXWdEtJGrtwEkm3Zoh9OUfWMEHq/PL6"
    "TNC2Gea7Mcz3nGP+cFTQjTcdqFgguD6sJYB4VKNRAnpgwp74yIPjlRiCY4jAYeIpGot/v1"
    "9Rh6B77C6JHzItooJkUG5+e3/1IRRTp5/fT7NKViZmOJWBfH8NUnyjGkO5aQB8kHjtBPiE"
    "L6XOgwXb/XzFwnbj8f/p/fX/fpJTvphxPQyX0G9vrz5cIdi8Rv+NnoSPG44Q4+HxqNGDwY"
    "yKL26BPYUtVROBlZMyZw9uHwvxiDFA3zjyJm7WuDUdJ6mRfawSxtUL4IJYH/aIDx584FKs"
    "0NXVmCcCBm19tF0+5Tpgx/UN1vpYP4K/SbfVdt8cTrqG9q4eJx+uPo4/XL8eNwuayQTg7B"
    "o008+IpXajZj6GJMJAxcvEZcNabsbP1GqSmFl8Q8T5njJJqABNAlSKQ8JD/LZMxbyPNnc4"
    "ltqQIntTy8M6RsQEDbQHe0YjhxnNdTDOiPTu2O/9AxwqJh18U4newTs6bcKlilrVBzKenp"
    "pADBOI0dncv6b3TRhON3r+SHq6q2E4XetOQ4t0YX0+PJJAnI8BWQyUy3woGNav8eMqjRww"
    "YPc5jI0BT5RXYXDKKfIJrLshzEVcRUtFXI2ucG2IS+iNXw5ySZ3fomNzzWH19btkzxs5Oz"
    "yvcXZ4vtHZQTfewoRa1DmvqzfQq7dnerWBfuj9GXNcd05dPBs10BbPRpXKAopKAHvbLuaL"
    "suYoly7b9Oa83W+nr8kDDUTvOTphazmZrWb+jnXovid+4nlcsUarnvkTAeOZoT/z82WwWO"
    "p5iGZEjIfo9h6i4vWZLdEpYX/JuUswq9gLzMoVY5+EYFvWV3LlwMFPNzfvcthfXheH9adf"
    "L6/E6k12hKhEQ65CEWXMp1YSHVaMNKtO8pATO9xa7bRdfX2QXA8NQvzqhnp1jJ8Z5zXj3M"
    "T1mbi+R5o9jzauT8KuYpbj/qhhluOub8Yshxm21cRxpqzq0DxJCztkvuABYfbauiNrBUEs"
    "KkYoE3af5MzNuQUImWy9cllK8RTLcuF8DW4lH3lTyB9E/MnRscI0AEyGadCfbL0Q7hc+Hg"
    "T8LQhzhMATdPH+DfLIggNdIgpkJwy+bn7eJsGI8tGE6ZV9rOpYxPThhAireTjD2x/otJpq"
    "3j47bJvinZXp4YTZwlGH0al6C7x2OVaM7c0H8mVEzbpzh5hQw/W3zfWThV7IbSxgzn3bYV"
    "w71F/gwJ7JtAF6s6dCtA9cYmsB/2W1LnHSQLwo10PFYlKzd0fhHN3O0nLhbN3VRVnT1Z3u"
    "6vDY123OKy1L9nDWauO8Un+5IJ5PnG1OFVHJGtgbwe6RSRnp6n3dqHofwD30ru6th5mtiD"
    "CsBjuVMHjr4x3gqQ7YUXWDtD7SNp/PqSKbWLXCTiX6gHfba4w58X081fK8zYj0AeFDj+gF"
    "XRB16vNqyLMyBvMtMHexfhB+TqgPqLetS8JUgta9sJfVmVE2ZSHMiRrOf3tulDK1k1+1hk"
    "kl+jDSD61fyAO4AZTgrnV2SmSMr5OGr9OKBjOrMs1pLeBF0QPiHu+oHy3ssSODJuRZMTPM"
    "NfAuevxomC0K0T6o9APwVVnkdI1FlWz/YG/BZjSBct/IvocJlPt2+tojNqH3KnOhMuoiK9"
    "KboIv9RceLhZuld15mVuRwgJ4dCaDCMFVtmFSHccb1zdgsLcm4d6fKslNtLKUSxkTabCKJ"
    "5ZVPrF3ShKlbMFNol6dQG+KGXMsjAllff+WtEjcrcI0VeAIg9vUOxigJ9kHHHXyDXZQSOB"
    "KKMK3N36JcH7DPzy8vXjSYX168qJxfoKiQOzkJkGqKciph/Hj1cxJGQX27Bo728+SAYSF+"
    "NB1quuGjGVU+W7K7XQ9qeMenr6GdHmFdimKxPL7aFac4M2MfMSL3hCm3nXQAggDjq3tylE"
    "n/KlHSitUuendZVSFqMa43jIy5+KcBuq9lix+TBo9rqq/FVze8PRxkVTHuyRDcEOhukaRi"
    "o3B3Udlbp8lQn/jo//nSY9h9FaZCFXazLGUozCsUHj3rw/m0cMaJy6dI6mt1wPxeW69NxQ"
    "rMWTHOXit4uy7FjNJ4UlBJ0fCs0wiPG719wNwy1QHderzowSnR9vHfG5V3J95DZyEQ1+/h"
    "MmD/B21uw9yZmK6jIOuk8aybDzovZFJDPnJO6I5heWjG7eBpIjqGd9tZIkzuWJM79shVhM"
    "kzaPIMPtIYP948gzOPB4GEVsHDxIXDehomW20jCfOWrxCfBIQhn89JMBPoohX2BWqUOMin"
    "YphILmQlelRUvSVTzEL25I6sUUBc10eM33JnjVYzrDi7to0b7HCQraZ79C4u0R0jXw58lK"
    "3Nl6rN2ErrJalvqBaV6XJ0x/4dcmwfOzlQmtAfafqR59appp74QLuaaSc+O6/JCemQI4Uz"
    "oc+5PNgcCPen6Or7OaYuig5aJj7CHpFnlwMd78+x6yIxTQdCVHVA+j6a3Dyt5FLFwhs3Th"
    "Arz8xLJIa1WWJLSWkJvEbz24TVN91Da3vim8st2/4EmR0MTcHOyhjIKyDPzJrxh9AU30Rg"
    "Lwv+DmE7etEEXFGr+gzyFyV48b0Y21qESiphGJUt8lJg319xT6Gea3KBZGQM5vqYT2kwW9"
    "5a4vU505sYy5J9Uyr7V9gCM0K2BDsvaLDehLXJF1sPv3hF54a560Hi2ncMa8xohO6yxMz6"
    "HlOxGrojquw8Wl6MFws6hnaOcBw0cvWk7J4GEoRdkbpOWjraubkeKu5Nd8Xoxpv2dSD58e"
    "J+N4Q+hs30CaVWia/fZIjpr9ieQdo8FQOWrzGspcLCgFVrnqncgBQLpRARxasZ8QgKZjhA"
    "/oLgOx+9HY///jfwVeUM/FbxfIi4J31XXReF1U/geAJ47BNEffmGKp6shbt8YV/YzURu4n"
    "hkSuFN4a2QnDkQZo4sEiaDQ1hAsStad9cI0p5kGLmn6CQa+7Jh2OqBTaAvbOFxWxSEzwlP"
    "D9tBK6hji6ciDlB5f8B+3tPw1f6odtaNHx0qhMTdLh67hhLbOyWmS4eZM5Y07P3s6G8KcF"
    "amD+xB68H3+FZo1jLC1aksUwlzvM8uxyXDXKOdhisvZRT2xvEdArbLZrS6hR7yB0fCFzRy"
    "WE9tN+1PTCFqqLlNn9nCIxOqCA6oyT6dSPRvmt5/bI2fLo8bu6+nIv1DeP8jOErNrYNwRs"
    "Qg3CAVpstVweXV8UNxfRMZoEjfE+1naJ/3VBI0Q9fsPJmdpypD0sU+ZJkUK4CtEtOVpE1S"
    "uq4tG7riyvqGCJPYhm7/5KsZ/XyNYS2j7yR1wcOyGaOfBj7gkKr2kJB1INsEcclcLIqAWY"
    "dAB9+ekTl+hU7CapIAxyF9PhR/gNMf8PB/TCE53x91IRZ7vhMw+9cBJMdw6T3xw6QZCasP"
    "v6QEDaI4DT4ZoqVY7LlxxIZY8oWPIqpMRMMuZ9OGrrafB+EzQu3oLcAD9nOoBeTH/bvh62"
    "ujUk+bHOksalXHpZ6ebgzzSDqpscmUSPSQtj9vAvl5NeLnpTO047GvgXBGpIcQjxoN61HN"
    "sB6dllCeUC/WKppGSV6yh+bosVskJftza9PTdPJRdHJF5GFdhq1eBh8eIM9WV6z9C+JRe6"
    "Y086Oievsep5U22fXVvbBDVLLKXv1W0sHtSOJVm6aPwEF3ThMUgoCaZIMe1aSDHinzQesg"
    "HFXvIbpnjezSsxq79Kxsl4o7Bkrrv9qjJCNiXEo0XUoedT77+h9cfn9U"
)
