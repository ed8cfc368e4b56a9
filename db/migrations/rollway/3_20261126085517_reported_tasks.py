from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

UPGRADE = {
    "sqlite": """
DROP INDEX IF EXISTS "uidx_task_running";
ALTER TABLE "task" ADD "reported" INT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX IF NOT EXISTS "uidx_task_run" ON "task" ("app_id", "env_name") WHERE status = 'running' AND reported = false;
""",
    "postgres": """
DROP INDEX IF EXISTS "uidx_task_running";
ALTER TABLE "task" ADD "reported" BOOL NOT NULL DEFAULT False;
CREATE UNIQUE INDEX IF NOT EXISTS "uidx_task_run" ON "task" ("app_id", "env_name") WHERE status = 'running' AND reported = false;
""",
}

DOWNGRADE = {
    "sqlite": """
UPDATE "task" SET "status" = 'lost' WHERE "reported" AND "finished_time" IS NULL;
DROP INDEX IF EXISTS "uidx_task_run";
ALTER TABLE "task" DROP COLUMN "reported";
CREATE UNIQUE INDEX IF NOT EXISTS "uidx_task_running" ON "task" ("app_id", "env_name") WHERE status = 'running';
""",
    "postgres": """
UPDATE "task" SET "status" = 'lost' WHERE "reported" AND "finished_time" IS NULL;
DROP INDEX IF EXISTS "uidx_task_run";
ALTER TABLE "task" DROP COLUMN "reported";
CREATE UNIQUE INDEX IF NOT EXISTS "uidx_task_running" ON "task" ("app_id", "env_name") WHERE status = 'running';
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE[db.capabilities.dialect]


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    "eJztXVtz2zYW/isYvaTrUTOOYifuZvbBTtzW29TeTdTtbi/DgURYwooCVAKyrOnmvy8A3k"
    "mQIiRRpmi8tDGBA0ofoAOcD+fyZ8+nnreC65eXCzykM0R6fwV/9gicI/GPYmMf9OBikWqS"
    "Tzgceao7XGCHx/1GjPtwzEXDPfQYEo9cxMY+XnBM5Wt6l2DJkP+CASUD7qkPIJjD8RQT9A"
    "5Q4q0B5gxMIZsCzMAMLXgfQOKqpyM0wYRgMhHSYEboSjwFo/VL+WqXjsW7RVujb1kS/McS"
    "iS88QXyKfPGuX3/tyXfJRoXg77+Lf2HiokfEZLP8czFz7jHy3AzO2JUy6rnD1wv17P0U+t"
    "+qnvIbjZwx9ZZzkvRerPmUkri7+MLy6QQR5EOO3BTsZOl54RRFj4LPLh5wf4niD+kmD1x0"
    "D5eenDwpHXyC5FnPcW7vhs7n66Hj9AoTG0mkZiF8NKZELgpMOFPffw4fHQ+RCZ+KP9+cfQ"
    "nek+AQ9JIv/Nflp/ffX3766s3ZX+QLqVhZwZq7DVsGqumLGgJyGAyiUE9gVv83ADrqvx+o"
    "owcJ1snv4mjBTsBlYyrHKMD79893t3p4E4kcwC4ec/A/4GHGjxDoCmAlFnLkOWN/eGlAv/"
    "rx8t95rN9/vLtS4FDGJ74aRQ1wlQOe+hPHdGWnZbZa3aGaaAvmTS9usel5eAzlx3LMlHVR"
    "0uK9GW9EHozXdFrGYrwZY3UecuS5xwTlrJQ9hGyEeeGje/xoAnEi0cGDx6s3NQB+9aYUYN"
    "mUBXjsIwmGw7FOX3wQbbJFD3VeNn8QCYVfRv84RvjFV3TvhJkT/q4q4B/e/Hj9eXj54z8y"
    "Z5QPl8Nr2TJQT9e5p1/lpyoeBPx8M/weyD/BL3e31/mjTNxv+EtPfia45NQRFpYD3ZQKiJ"
    "5GqGVm3oOMO8Li2m7ui9J7mP2W7SFHMtkRJpWzjR4XWAy31VznZe1Mt3mmJYlieMxOiXRw"
    "09zPqUTST/czLTMS0VZZuL+lPsIT8gNaK9BvxCeEZKz7AUVE4U/hOEeG9pdoOUVPk9+3D1"
    "cxYZdeZeLLu8hDPFiXl5/fX3647imIR3A8W0HfdTJYyxY6oLkncd9i03wwzz+BBE4UOPJb"
    "yM+c8LOxkdnT87dJe38DhZvtWYPE9ZH4/WNO/TXgU8gBBBzBOXDRwqNrpiNka0hoyVW6Eq"
    "vKof4kYVj74FdxXqYP2A0WnhxazpClXi312hr10rSJKdk8s3WcSHQQ4FdvTmvZmKcVRuZp"
    "HuP0JysAPUSPXA90TqwLvFTVSfP638Nqfjs+aH68u/0u6p4nvQtcIPYpmSPCTW4XcmL2im"
    "GHK4b0DlufxUpkOqlk9s1jqaOLOuKYwJyV6iDQg/PzGkiLXqVQqzYN1mZbZkrEomyAsunJ"
    "LyNkkTZAeul7JkeTtEwncD70wUQBuEKjKaUzh6GxjzQHlA34F8XtEdF8JsSrCbsPuAFjha"
    "MV7sIsNG122ou353rxtly4W898XtbOfFtmXnM3E376FNUUUbCmhFNOrhMHjoZop4p7mgwD"
    "vutlzV0wzJGBXveuJr/iMhc2n8Tv4NPN+2HVjU2a+/PwA/Kxzr31KpT99odPyIMlPF+E+I"
    "dgoHWHYC+j6naF6jpL33URLQ7ZbFeYhmKMLuHT7DXp0sVc7FG45JY0ae5XX5LKjs447rnx"
    "knQ4RQARF9B7QAkCSlL+oQYSLVzqliDqhIuuHh3PZPNqKmZU6Av1MBDiyPOYaCteqzb0Ds"
    "1FrL1aNTgVXNQ5FFyUnwkuTjddrTL0RxHnG1LCOoS9czjj5rTsaVMwT+Qn+Hrw6uzt2cXr"
    "N2cXoov6lPGTtxXI39wOc9asqSP0fl2g6yDZ6x1kxTbkbPRUrjFS/V0L7bcu1/lBcx2dj+"
    "KeG3X+z9KzhdE5GlF3DVzsvkviDMdUaFymVK4aMdbKqlVoZflvqcVH6F4c64vKft+Da91t"
    "4g1O6oy8Q82fvWQGpO6WzehxISxNJgCIJyYOoEngcwTKYqNyZOilgjj85fTUCAJV9ccXu6"
    "1U/Ui/qXP9+E359eM3bzZtK/Hs10U6Fuigbb+vXfxodu0mkd3zxr0NCdlh8vF4ycYizyw2"
    "WGrqCZ6Wsbc4NUJbJV7GAHdUz+8f3gcMTcANu1to66xc15XHTaO1m4hYiGtA7KIHPDa6TU"
    "8kOgjw4LTOOVD0KvfdOS2cBIU+1ToVV2rgXfyJ241xA4Hu0J/oXHMqXEJiiQ4C/HpQZxGL"
    "XqUQq7YsxgGXUMS43D87kdjJNbtlp7VDe2bDe67zFy6HPRawqG+Pevu54iNT121hi+MLeh"
    "1XnL69r2CK3XS3jTTxnbyrg56nrurAd5iDqVh8MuMcQ748Sr0DJ9GIwqo9kTnqJNVLVwTI"
    "D6gS2mFepIj3NfBv5DdyMkXQRT47AdBHQKxhhoLITQbX6gZRcconkoyW47xTfypqWgw6pn"
    "NFCyP3JTiBnKP5gp+Ip0siGWu6+o1QoZOIzKy3ggxANkOuTLc3QmBFffkHJUJSfE6po+LP"
    "INntxNvgBYCErcRH7IMTH0FGifpCq+n6NyIZbaSkCCUVfHcu9jUFToH9/lWT18lHYyQEQs"
    "82FZnKOORLVtKYe2T57qeNUE1Pt5G9kxHroIZvJGABPWjD+Sqyez3oA/m6gPD+TZ5QX5sc"
    "DFMiNlZyh7Oh3PaKuF9hAv11iSUUSuRgH6154HDYHcCvQgxjwAXeVze3l5/+o4/+uNJgfv"
    "Wf4fVl/jIt3mfrqpNEooP6ZP+xqeGxzeDGMiVxuFvLV03Bu+cry+gsa6Kf0zJWQe+goAPz"
    "oAh9VaReJNGFC8XDh0mm7ZwC7NUX9QVhe2Pf6hv7e0wwm2452QVhm6avzXP95Emx2/ZDPn"
    "DSvhxftWs4WC5J3JFhXzcsrLj0WpXJLx32pOOgc2FRFTR0Lv9RHYdlRZMSkIJIcqhBWj7F"
    "yQbhI4rwFcvJ5wzAsBkoklXnqLyfQesQtrbmylOmSrO5/57GuUGiYwBu1L+D4O6f9hBvn0"
    "yQ77AFGpvY6nk5a6/vYK+PXWeBF8jDBDlrONfkOKqISdDIdnHlnw7qKBbZrXz1q8Z8kILM"
    "SmRW1CkRsat+J5aK0aWv870sxz4tY8HfAXxPQMO4IwP0DS3bomQXKMOcthlc1FE2g4tyXS"
    "PbCpQ40xqypTcMKQl7w5C/YbDcjOVmWoN9R7iZG/KAeXmRhVRzv5KZwdmONUosLDw4RgCT"
    "qFICz4R/z+EacDiLqtmmQ72lQ584/M7i8rdhhVtdVYZmXqIv5JDKtKhKj1jWpl3OcE9SU7"
    "Rtaqtp6kboBrPMyGH/DoLbAHVjq1seYg2rvQy5zsjUb7Yg2MFVbVPuHhr+40y8Wiflbsuq"
    "H7Zt5o9kpmv5VTxB+cNW801dq37YMrDrWudtLX74kU7eT5dk1tMZ5XFjv9Ik9+jEGcf96l"
    "jkGAljWYXWMY4WwvQVQ/SBsJjnQhuIJQt+wFfvpFmMWBB6tpyPkI9ccO/TOXgl7WwEx1Ml"
    "rbXG9/oCGcQnE4Ry9Ki8LIjLZIcT+fdJH1A/FaWnGhZibpB7Ioz9cRBsJ4eRFr/MMYrcct"
    "OehwlpdTnjgtZwDckBHdUo/1LFmOWXMQyEu8KTUoJYqw813HC42Nt7hg+44W8Gg9ev3w5O"
    "X7+5OD97+/b84jQmiYtNVWzx1c13kjDOaMuIQT7aNKPN4783bj678usCmhGyuGpwvcd+pE"
    "Tq45oVsrhqcE10c31YMzIWVa0WEMbq3OSQn0h0kCtpgAG0eSG7aiHLY2txassDuKL+nfjd"
    "HDp+KzAFdEfv8pDmRGbLoOZ22sja03RDMc1bOB/t6nXUtpXekNtRBRMUWa+7MkEdK8vSz1"
    "FBqYXWKipIVrTSsUBhpasKAigsqVUvX5Nkwl4w4NOV5EpkKn3pMPESDMV/v15hF4EH6C0R"
    "C5gW0UExKHc/315/CsT02Zr2M6yWlYkYTm2ITCaVf9CjX5nMf4ndR1VZK647Ha3/n25v/v"
    "mT2vLjTP7g5++vP10DeXkN/gZeBB/XpvdvQVwOn2Lxi1tAX3OWqohtyEjZLILbexk/oXf9"
    "M0feRqRZt6bjJDXSH6uAcbkBnBPrwh3xoc1g6GGo0dXlmMcCFm1ztD06oSZgR/0t1uZYP4"
    "G/SbvVdtccTtqG9q4eJ2bVm1NRJbtW2+1mGE6zRXc/ByRCT8fLRG39Sm6GpXrVcM1h4jeE"
    "3K8xUYSKpEkklRLUJSmJXtkYG7OXMW0p3Tao5X4VI2KDBpqD/fgKNx1Vwd3jK9t0IHgbKd"
    "pkAzGeayCG8mwSp4Dt5r4obWf/mGbfhuE8GycjS4tYWqQV9nn/SAJxPnO06GnNfNnQr7bx"
    "oy61HDDk7XMQGyM9Ud4FwSmngCFpd8swF/EULDVxNabClSEugTd+McglcX4Lq0zY2k7Vt2"
    "RntZwdziqcHc42OjuYxlvYUIsq53X9BXr59UynLtAPfT9jq9vk6tfW0BavBxXVawtpLmXa"
    "6S0NurysLVnQ5jO9LU/xfOYaPWIuZs81CVvLyGy187dsQve98SPfpxobrXznjwWsZ4b5zk"
    "+XfLE08xBNiVgP0e09RMXXJ2OFTgH7K0o9BEnJXWBaLh/7JASbOn3FTw4c/HR39zGD/dVN"
    "fln/9OPVtbDe1ESITjjgKjRRxnTixNFh+Uiz8iQPGbHD2Wqnzerrg+R6qBHiV7XUy2P87D"
    "qvWOc2rs/G9T3R7nm0cX0Kdh2zHM1HBbMcTX09ZjkoPKUnjlNtZeWoFC3sovmCckTGa2eG"
    "1hqCWHQMUUbkIc6Zm3ELEDLpfsW2hOLJt2XC+TSvqhPcpxaCOMooJDfG9gWfRUb3CREiEH"
    "sBLm8/AB8tqORGRINC3Ab9HayuQjkPnl5xdfFOy3RwA2qgKFdY/2kB1x6FmrW9uXRUStTa"
    "cTvEWFruvGnuHC3MQlgjAVuhaId17WK2gHw8VWH4ZrunRrQL3FxjAfRFta5wMkA8L9dBxW"
    "JTnbdH4RzdTc1y4W491XlZO9WtnuqgQOE2lfWKkh3ctZqorMeWC+Qz5G5TpUMna2GvBbuP"
    "7otIl9+Tht27AO6hb0lHPiRjTcReOdiJhMXbHG8OJyZgh90t0uZIj+l8jjXZuSoKXscSXc"
    "C7aRtjjhiDEyNP1pRIFxA+9IqOqrGbQJ6WsZhvgbkHzYPaM0JdQL1pXRKk5nPCqtRbZPXL"
    "iFrOf3tuFBO901y5hkkkurDSD61f0KO8Vi/AXek8FMtY3yED36EV5lOnNG1oJeB50QPiHt"
    "2oHy3skSODIeRpMbvMDfDOe9AYHFs0ol1Q6Qfgq9LImR4WdbLdg72BM6MNPHsm9x428Oz5"
    "zLWPxgg/6I4LpVEMaZHOBDHsL9pcGG6OWf3JtMjhAH11JICKg6nuwqQ8LDLqb9dmwSSj/k"
    "yXtab8sJRI2CPS5iOSMK8YcnZJu6UfwW6hbd5CxzIOx3N8JJBl5pa3Ttxa4AYWeAwgZGaF"
    "JgqCXdBxhyZUk6CduntKImF9S83zzoWBW7sGB3YzO3w/FyOYLDXTEMGUepkuyWzXZPwf6e"
    "S9HKdDWBciKxyfrnbFKcq+10WM0AMi2qsQE4BkEOm1HKhLKDUejxsgVhaUG+O5ITLXQXHH"
    "WvG5orO/TrI3vmDgv3TpE+i9C3I3ioOJaiUgSIQS1MpksqCmLMrg0QlQykcf4bvX0StzR0"
    "pqIh8YbBQdW5UTQ3sS0NjqoXqvWt5PGx57wGQY5RGzZsTTwTmn5vHfG1cyE9/D5FQb9e/g"
    "mXb/lQG3oUZs0MxRsCHqJGiawDYrZHPZPXES25ZheWhK4+Bx+C3Du+kwfJvs0ia7PHIVYR"
    "Oj2cRoT7TGjzcx2tSnnCtoNTxM1NivpmHS3TaSMN/TFaD3HBHA6BzxqUAXrCATqGHkAobF"
    "MlFcyErMqOg6QhNIAvZkhtaAI89jgNARdddgNYWaYptNvGCHypuG/qe7+Jy2jHw5cO3NMV"
    "0STRRB6ekl7m+pFt3R5ejqlB1ybR87OVDY0J9o+1GFtnRbT1SBq2LbiYp91SnpLJNQUCL0"
    "OVWVmCXh/hJcfz2H2ANhZVjEAPSRKrYs6Xg2h54HxDbNhaiuovM+hty8rWRyccpvXDsDpy"
    "ryFUv0K9Nw9r7ksn4i+TXqvybovukdRtcTzy55Z/MbZHox1AU7LWMhL4E8tWtGP4S6+MYC"
    "ezH4W4Tt4LwOuKJXedHk82Ld7wexto0IlUTCMipbBP5DxlbU16jnimQLKRmLuTnmE8yny5"
    "Ejvj4lZhtjUbJrSmX/CltghtCWYGcFLdabsLYJOZ9T0XMDEzPtSIuFNTRDuvQnRi55lws8"
    "lOMc4Tqo5beIyQPmCoRdkbqJRzravbkaKupPdsXozp90dSGxyLjfDaHPwTBdQqlR4usS+X"
    "g87emor7CpX0l+waTTJvqrHIkdbjV0h6Xn4k66I8deTtCE+btMjqEpkQ5eYA/Oz2uRCOcV"
    "JMJ5gUTQBetURkZ1FN1Xp7VKHJxWlDg4LZQ4EG/kSHcPV569LiViS3oYpq170oucL/8HUN"
    "vcpw=="
)
