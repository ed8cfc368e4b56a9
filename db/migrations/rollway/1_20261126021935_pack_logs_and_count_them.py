from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

UPGRADE = {
    "sqlite": """
ALTER TABLE "log_chunk" ADD "packed" BLOB;
ALTER TABLE "step" ADD "packed" INT NOT NULL DEFAULT 0;
ALTER TABLE "step" ADD "log_bytes" BIGINT NOT NULL DEFAULT 0;
CREATE INDEX "idx_step_packed_ee0475" ON "step" ("packed", "status");
""",
    "postgres": """
ALTER TABLE "log_chunk" ADD "packed" BYTEA;
ALTER TABLE "step" ADD "log_bytes" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "step" ADD "packed" BOOL NOT NULL DEFAULT False;
CREATE INDEX IF NOT EXISTS "idx_step_packed_ee0475" ON "step" ("packed", "status");
""",
}

DOWNGRADE = {
    "sqlite": """
DROP INDEX IF EXISTS "idx_step_packed_ee0475";
ALTER TABLE "log_chunk" DROP COLUMN "packed";
ALTER TABLE "step" DROP COLUMN "packed";
ALTER TABLE "step" DROP COLUMN "log_bytes";
""",
    "postgres": """
DROP INDEX IF EXISTS "idx_step_packed_ee0475";
ALTER TABLE "log_chunk" DROP COLUMN "packed";
ALTER TABLE "step" DROP COLUMN "log_bytes";
ALTER TABLE "step" DROP COLUMN "packed";
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE[db.capabilities.dialect]


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    "eJztXVtz2zYW/isYvaTbUTK2YjvOZvbBTt3W28TedZRNr8OBSFjCiiJYErKs6ea/LwDeSZ"
    "AiJFEmaby0MYEDSh+gg4MP5/LXwCO2vYLrVxcuHpM5cgZ/B38NHLhA7B/FxiEYQNdNNfEn"
    "FE5s0R262KBxv4lPPWhS1nAPbR+xRxbyTQ+7FBP+msEFWPrIe+EDIQPuiQcgWEBzhh30Dh"
    "DHXgNMfTCD/gxgH8yRS4cAOpZ4OkFT7DjYmTJpMHfIij0Fk/Ur/mqLmOzdrK3Rtywd/OcS"
    "sS88RXSGPPau334b8HfxRoHgH3+wf2HHQo/I5838T3du3GNkWxmcscVlxHODrl3x7P0Met"
    "+LnvwbTQyT2MuFk/R213RGnLg7+8L86RQ5yIMUWSnYnaVth1MUPQo+O3tAvSWKP6SVPLDQ"
    "PVzafPK4dPAJkmcDw7i5HRufrsaGMShMbCSRmoXwkUkcviiwQ33x/Rfw0bCRM6Uz9ufZyd"
    "fgPQkOQS/+wv9c3L3/8eLum7OTv/EXEraygjV3E7aMRNNXMQSkMBhEoJ7ALP6vAHTUfz9Q"
    "Rw8SrJPfRWfBTsD1TcLHKMD7z0+3N3J4E4kcwBY2KfgfsLFPOwh0BbAcCz7ywvf/tNOAfv"
    "Px4uc81u8/3F4KcIhPp54YRQxwmQOeeFNDdWWnZbZa3aGaaAvmTS9utunZ2IT8Yxlqyroo"
    "qfHejDdyHpTXdFpGY7wZY2EPGdzuUUE5K6WNkI0wux66x48qECcSPTQ8js9qAHx8Vgowb8"
    "oCbHqIg2FQLNMX37E23iKHOi+bN0RC4VfRP7oIP/uK1i075oS/qwr4x9cfrz6NLz7+K2Oj"
    "fHcxvuItI/F0nXv6TX6q4kHAl+vxj4D/CX69vbnKmzJxv/GvA/6Z4JISg52wDGilVED0NE"
    "ItM/M29KnBTlzbzX1Reg+z37I9pCOTHWFSOdvo0cVsuK3mOi+rZ7rNM81JFEUzOyXSw01z"
    "P1YJp5/u51JmJKKtsnB/TzyEp85PaC1Av2afEDqm7AcUEYWfw3E6hvbXaDlFT5PftwdXMW"
    "GXXmXsy1vIRjRYlxef3l98dzUQEE+gOV9BzzIyWPMWMiK5J3HfYtNitMg/gQ6cCnD4t+Cf"
    "OeFn40PmQM7fJu3DDRRutmcNEtdD7PePKfHWgM4gBRBQBBfAQq5N1r6MkK0hISVXyYqtKo"
    "N404RhHYLfmL1MHrAVLDw+NJ8hTb1q6rU16qXpIyZn89TWcSLRQ4CPz45qnTGPKg6ZR3mM"
    "05+sAPQYPVI50DmxPvBSVZbm1c/jan47NjQ/3N78EHXPk94FLhB7xFkgh6rcLuTE9BXDDl"
    "cM6R22PouVyPRSyeybxxKmizBxVGDOSvUQ6NHpaQ2kWa9SqEWbBGu1LTMlolFWQFnV8ssI"
    "aaQVkF56toppkpbpBc6HNkwEgCs0mREyN3xkekhioGzAvyiuTUT1mWCvdvz7gBtQVjhS4T"
    "7MQtPHTn3x9lwv3pautfXM52X1zLdl5iV3M+GnT1FNEQWrSjjl5HphcDREO1Xc02QY8F0v"
    "a26DYToGet27mvyKy1zY3LHfwd31+3HVjY2UgZI4uF6G0t//dIdsWML0RZhfZVmpnmCfNc"
    "agP98VpjEbo0/4NHv7t7QwZaoXl1z+Jc3D6rs/3tEw454b7/7GMwSQYwFyD4iDgJDkf4iB"
    "WAsDC/lBMAVlXW1iznnzasZm9AF54mEgRJFt+6yteFvY0Dsk94v6xlBhszuvs9edl29150"
    "ebbgx99GcR52un5DAd9s7hjJvTskdNwTzln+Dl6Pjkzcn567OTc9ZFfMr4yZsK5K9vxrlD"
    "mqp/7349e+sgORgcZMU25EPzVB4fXP1dMe23Ltf5QXMdnY/inht1/hfusOGTBZoQaw0sbL"
    "1LwudMwjSuL1SuGDHWyqKVaWX+b67FJ+ieWatFZb/vwaVeJPEGx3VG3k/kr0EyA1x382b0"
    "6LIDlM8AiCcmjgtJ4DMYymyjMnhEoYA4/OUMxAgMVfHHV72tVP1I39a5VXtbfqv29mzTth"
    "LPfl2kY4EeHln3tYt3ZtduEtk9b9zbcGs95tS6y6EV6VO2wRJVB+e0jL6cqBGxyfFSBrin"
    "en7/8D5gqAJu2F1DW2flWhY3N5XWbiKiIa4BsYUesKl0SZxI9BDg0VEdO5D1KndJOSpYgk"
    "yfSn1lKzXwLm6y7ca4gfht6E1lHicVng6xRA8Bfj2qs4hZr1KIRVsW44BLKGJc7nacSOzk"
    "cdwya+3QDsfwnsrcYMthjwU06tuj3n6uuGPqui1scfrWWUYX526lK/jiXFRFHb4YeQhAB6"
    "QiC3metSDYD1mAkuD2biW4X7ZFUR/AsJlzunKeeD+DSvnhXAikzuT2lAFYOqLwaWxLjo6K"
    "ZRn27yG4+w/0YW+fTpFn+C4yVWycvJwOadvB1jEtw8UusrGDjDVcSCInKq6EJLJ9XPlHoz"
    "qKhXcrX/2iMX9HxGMd1FJFJiJ61e+w6lkTWXoy6qsc+7SMBn8H8G0GjU8N7h+pePlTlOzf"
    "FdDx6LyOshmdl+sa3pa7pkCeL2UhS6+kUxKHu5Y+bgrhPd9JP3ka1LapkAOnacodTXcNAM"
    "ilBeoY9nUDAYpLr1W5m66dB0zLUzelmoeVzAzOdqyRuMm1oYkAdqL8SzTjfbeAa0DhPMqR"
    "n/a04z55zPidx0n1w7z5slxPzbxEnh4qFb8pEppp1qZdSaCeJFN529RW09QN0w1q+RbC/j"
    "0EtwHqRufMPsQaFnsZsozJWtHMLAj2cFXrQP5Dw9/NcO46gfwty6nctpnvyEzXcjp+gqTK"
    "reab+pZTuWVg1z2dtzWl8gcyfT9bOvOB7FAeNw4rj+Q2mRpm3K/OiRwjdljm0c3Ap8hlR1"
    "82xBCwE/OCaQO2ZMFP+PIdPxYjH0APsU+9mCAPWeDeIwtwzM/ZCJozIS09je/1Bb87vzs8"
    "PpuiR+Fl4Vg+7/At//vbISAeMMlCxM6xAXiDy+YGWd+ywz77FPywz4fhJ34e4o2s8qM9Df"
    "MByEL2gtZwDfEBDdHI/xIlHviXCYRqn/0v8bSUIJbqQwk3HC729trwATf8djR6/frN6Oj1"
    "2fnpyZs3p+dHMUlcbKpiiy+vf+CEcUZbRgxyZ6O8m8d/b9x8duXXBTQjpHGV4HqPvUiJ1M"
    "c1K6RxleCa6Ob6sGZkNKpSLcAOqwsVIz+R6CFX0gADqMNy+3pC5mZrcWrLE7hG/Xvxu6ma"
    "yCZStgZHAZnp7UBvLQc8kclBPlnToJBwJ8/IUms69CmKMWeQX17fXNz9Igf9UuKDdPnL+O"
    "qiEDSm7Hy0q9dR21Z6Q25HFUxQdHrdlQnqWVa8YY4KSi20VlFBPE+mjAUK82dWEEBhos7N"
    "1M+tgwBnwl74wCMrzpXwTEbcYeIVGLP/vlxhC4EHaC+RHzAtrINgUG6/3FzdBWJFwmd/w0"
    "pZmYjhlIbIZDIpRcW6qnIpLbH1KPJ1xtUsovX/+eb635/Flh8nUgJffry6uwL88hr8A7wI"
    "Pq7OrtSCuBw6w+wX50JPqVpPVkoHcW7vZfyE3vXPHHkdkabdmrpJaujidk91DIY2hhJdXY"
    "55LKDRVkfbJlOiAnbUX2OtjrUu4t1zh5O2ob2rx4laTYhUVMmuxQ76GYbTbM2DTwGJMJDx"
    "MlHbsJKb8VO9arjm+Ow3hKyX2BGECqdJOJUSpIUriV7ZGBuzlzF1JYM2qOVhFSOigwaag7"
    "17eTM7Ve+ge1kzDwRvIzkzdSDGcw3EEJ5NzArYbu6L0nr2uzT7Ogzn2TgZaVpE0yKtOJ8P"
    "OxKI84kidyA95vOGYfUZP+pSywGD3z4HsTHcE+VdEJxyBHxEg7JT/ClYSuJqVIUrQ1wCb/"
    "xikEvi/MZWKl36iiEtz+5cf3xSy9nhpMLZ4WSjs4NqvIUOtahyXpdfoJdfz/TqAv3Q9zOh"
    "FlFQFIlELwDPlw+ooS1ejyqKBxTSXPK001se6PKyezDqO3Qd2TWb/h472J9tOdUFYT3XbZ"
    "5r9MhrZBNLJWwtI7PVzt+yCd33xo88T1asrXznjwW0Z4b6zk+W1F2qeYimRLSH6PYeouzr"
    "O6ZAp4D9JSE2gk7JXWBaLh/7xASbsr7iJwcOfrq9/ZDB/vI6v6w/f7y8Yqc3MRGsEw64Ck"
    "mUMZkacXRYPtKsPMlDRqw3ReUPkuuhRohf1VIvj/HT67xineu4Ph3X90S7Z2fj+gTsMmY5"
    "mo8KZjma+nrMclB4Sk4cp9rKylEJWthCC5dQ5JhrY47WEoKYdQxRRs5DnDM34xbAZNL9im"
    "0JxZNvy4TzSV5VJ7hPLARmyjj86w/rxPcFn4dH+IViOsbvcGUUymnv9AKri3dapof7TQM1"
    "uMJyTy5c2wRK1vbmSlEpUX1s2yGkUlPlTVPlyFWLWI0EdEGiHda1hX0XUnMmou7Vdk+JaB"
    "+ouMbi5YtqXeCkgHheroeKRWc2b4/C6dzFzNK1tp7qvKye6lZPdVCPcJtCekXJHu5aTRTS"
    "85cu8nxkbVOUQyarYa8Fu4fui0iXX4uG3fsA7qEvRScedExJgF452ImExlsdbwqnKmCH3T"
    "XS6kibZLHAkmRcFfWtY4k+4N30GWOBfB9OlRxXUyJ9QPjQKzoqvq4CeVpGY74F5jZUj2HP"
    "CPUB9aZ1SZCJzwiLUG+RxC8jqjn/7blR7Mh95Mo1TCLRh5V+aP2CHvktegHuSl+hWEa7Ci"
    "m4CuU9CRT0uUS0D2v9AAf5NHKqu6hMtn+wN7CZ6gCcZ0II6wCc5zPXHjIRfpD5FZd6c6dF"
    "euPMvb+oW2bRGmp1+NIihwP0uCOAIpfImOTy8LCov16beShXxJvLsneUG0uJhDaRNptI7G"
    "zlI2OX9EPyEfQW2uYt1OTxCLbhIYasrx6NJhPXJ3CFE3gMIPTVEu4XBPug4w7NNCXBC3X3"
    "lERCO92p598KA1h2DZLqZ5bsYS5WKllqqqFSKfXCS87vmpQ8XeK+J1gXXM4Nj6x2xSnKQt"
    "ZHjNADcmR3IEoA8WC6Kz5Qn1BqPC4xQKwsODHGc0OEooHijrXiFFlnb51ksXvhg/+SpedA"
    "+12Qw44ZJqLVAUFCiKBmoM8LC/Lk9DaZAqF85JGOex29MocepybyAZJKYYNVuQGkloDkrB"
    "6q96rl/bRxgwdMClAeSqhGPB2cc2oe/71xJXP2PVSs2qh/D21aXfZdsyH1owm4JaiayDMr"
    "pHN6PXEyz5ZheWhK4+AByi3Du+n4ZJ30Tyf967iK0AmidIKoJ1rj3U0QNfMIpQJaCQ8TNQ"
    "6raZh0t40kzI9kBcg9RQ7wyQLRGUMXrKDPUMPIAj5my0RwISs2o6zrBE2hE7Anc7QGFNm2"
    "DxwyIdYarGZQUnSwiRfsUIFQ0f90F5/TlpEvB65BaJKlI3GvLrVe4v6aapGZLp2r13TItd"
    "11cqCwoT/R9iMKDsm2nqgSUcW2ExU9qlPalkfnE4fpcyIq0nLC/RW4ermA2AZhhUzkA+gh"
    "UXSW0/H+Ato2YNs0ZaKyyrb7GHLztpLJSci/ce1MhKLYUSwxrExFOPiay36I+Neo/5qg+6"
    "Z3KF1PPLushs1vkOnFUBfstIyGvATy1K4Z/RDq4hsL7OXA3yJsR6d1wGW9yovHnhbrHz+w"
    "ta1EqCQSmlHZIiIa+v6KeBL1XBGFnpLRmKtjPsV0tpwY7OsTR21jLEr2TansX2EzzBDaEu"
    "ysoMZ6E9Y6U+FzKv6scMRMO9JidhqaI1leCCWXvAsXj/k4HVwHtfwWsfOAqQBhV6Su45E6"
    "uzdXQ0W86a4Y3XrTvi4kPzrc74bQp2CYPqHUKPF1gTxszgYy6itsGlaSXzDptIn+Kkdih1"
    "sNmbH0XNxJd+TYywmaMLGRihmaEunhBfbo9LQWiXBaQSKcFkgEWbBOZWRUT9E9PqqV+/2o"
    "Ivf7USH3O3sjRbJ7uPK0XikRXetAMZ/Xk17kfP0/S0NHDw=="
)
