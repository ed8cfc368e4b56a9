from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

UPGRADE = {
    "sqlite": """
CREATE TABLE IF NOT EXISTS "deploy_hook" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "name" VARCHAR(64) NOT NULL,
    "token_hash" VARCHAR(64) NOT NULL UNIQUE,
    "prefix" VARCHAR(16) NOT NULL,
    "created_by_id" VARCHAR(64) NOT NULL,
    "created_time" TIMESTAMP NOT NULL,
    "last_used_time" TIMESTAMP,
    "environment_id" VARCHAR(160) NOT NULL REFERENCES "environment" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_deploy_hook_environ_07c759" UNIQUE ("environment_id", "name")
) /* A secret address that deploys an environment; only the hash of its token is kept. */;
""",
    "postgres": """
CREATE TABLE IF NOT EXISTS "deploy_hook" (
    "id" VARCHAR(64) NOT NULL PRIMARY KEY,
    "name" VARCHAR(64) NOT NULL,
    "token_hash" VARCHAR(64) NOT NULL UNIQUE,
    "prefix" VARCHAR(16) NOT NULL,
    "created_by_id" VARCHAR(64) NOT NULL,
    "created_time" TIMESTAMPTZ NOT NULL,
    "last_used_time" TIMESTAMPTZ,
    "environment_id" VARCHAR(160) NOT NULL REFERENCES "environment" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_deploy_hook_environ_07c759" UNIQUE ("environment_id", "name")
);
COMMENT ON TABLE "deploy_hook" IS 'A secret address that deploys an environment; only the hash of its token is kept.';
""",
}

DOWNGRADE = {
    "sqlite": """
DROP TABLE IF EXISTS "deploy_hook";
""",
    "postgres": """
DROP TABLE IF EXISTS "deploy_hook";
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE[db.capabilities.dialect]


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    "eJztXVtz2zYW/isYvaTrUTKOYifuZvbBTtzG29TedZRN27TDgUhYwooCWJKyrOnmvy8A3k"
    "mQIiSRpmi8tDGBA0ofoAOcD+fy18Cltr2C6xfnDh7TOSKDv4O/BgQuEPtHsXEIBtBxUk38"
    "iQ8ntugOHWz4cb+J57vQ9FnDHbQ9xB5ZyDNd7PiY8tcMzsHSQ+4zDwgZcEddAMECmjNM0F"
    "tAib0G2PfADHozgD0wR44/BJBY4ukETTEhmEyZNJgTumJPwWT9gr/aoiZ7N2tr9C1Lgv9c"
    "IvaFp8ifIZe96+vXAX8XbxQI/vEH+xcmFnpAHm/mfzpz4w4j28rgjC0uI54b/toRz97NoP"
    "uD6Mm/0cQwqb1ckKS3s/ZnlMTd2RfmT6eIIBf6yErBTpa2HU5R9Cj47OyB7y5R/CGt5IGF"
    "7uDS5pPHpYNPkDwbGMb1zdj4dDk2jEFhYiOJ1CyEj0xK+KLAxPfE91/AB8NGZOrP2J+vT7"
    "4F70lwCHrxF/7n/Pbdh/Pb716f/I2/kLKVFay567BlJJq+iSGgD4NBBOoJzOL/CkBH/fcD"
    "dfQgwTr5XRws2Am4nkn5GAV4//np5loObyKRA9jCpg/+B2zs+QcIdAWwHAs+8sLz/rTTgH"
    "738/kveazffby5EOBQz5+6YhQxwEUOeOpODdWVnZbZanWHaqIrmDe9uNmmZ2MT8o9lqCnr"
    "oqTGezPeiNwrr+m0jMZ4M8biPGTwc48KylkpfQjZCLPjojv8oAJxItHDg8fL1zUAfvm6FG"
    "DelAXYdBEHw/CxTF+8Z228RQ51XjZ/EAmFX0T/OET42Ve0bpiZE/6uKuAfX/18+Wl8/vO/"
    "MmeU9+fjS94yEk/Xuaff5acqHgR8uRp/APxP8NvN9WX+KBP3G/824J8JLn1qMAvLgFZKBU"
    "RPI9QyM29DzzeYxbXd3Bel9zD7HdtDDmSyI0wqZxs9OJgNt9Vc52X1THd5pjmJonjMTon0"
    "cNPcz6mE0093cykzEtFWWbh/oC7CU/ITWgvQr9gnhMSU/YAiovBzOM6Bof0tWk7R0+T37c"
    "JVTNilVxn78haykR+sy/NP787fXw4ExBNozlfQtYwM1ryFjmjuSdy32LQYLfJPIIFTAQ7/"
    "FvwzJ/xsbGQO5Pxt0j7cQOFme9YgcV3Efv/Yp+4a+DPoAwh8BBfAQo5N156MkK0hISVX6Y"
    "qtKoO604RhHYKv7LxM77EVLDw+NJ8hTb1q6rUz6qVpE5OzeWrrOJHoIcAvXx/XsjGPK4zM"
    "4zzG6U9WAHqMHnw50DmxPvBSVSfNy1/G1fx2fND8eHP9Y9Q9T3oXuEDsUrJAxFe5XciJ6S"
    "uGHa4Y0jtsfRYrkemlktk3jyWOLuKIowJzVqqHQI9OT2sgzXqVQi3aJFirbZkpEY2yAsqq"
    "J7+MkEZaAemla6scTdIyvcC57YOJAHCFJjNK54aHTBdJDigb8C+K6yOi+kywVxPvLuAGlB"
    "WOVLgPs9C02akv3p7qxdvSsbae+bysnvmuzLzkbib89CmqKaJgVQmnnFwvDhwN0U4V9zQZ"
    "BnzXy5qbYJgDA73uXU1+xWUubG7Z7+D26t246sYmzf3Z+B65WObeehHK/vDTLbJhCc8XIf"
    "4+GGjdI9jLqLpdobrM0nd9RMuH3nxXmMZsjD7h0+w16dLCPtujcMktadI8rL4k5R0NM+65"
    "8ZJ0PEMAEQvQO0AJAkKS/yEGYi0+1y1B1InPutrUnPPm1YzNKNMX4mEg5CPb9lhb8Vq1oX"
    "dILmL11arCqeCszqHgrPxMcHa86WrVQ38Wcb4iJaxD2DuHM25Oyx43BfOUf4Lno5cnb07O"
    "Xr0+OWNdxKeMn7ypQP7qepyzZlUdoffrAl0HycGglRXbkLPRY7nGcPV3ybTfulznB811dD"
    "6Ke27U+V+4Z4tHF2hCrTWwsPU2iTM0KdO4nlC5YsRYK4tWppX5v7kWn6A7dqwvKvt9Dy51"
    "t4k3OK4z8g41fw2SGeC6mzejB4dZmh4DIJ6YOIAmgc9gKLONyuChlwLi8JczECMwVMUf3/"
    "S2UvUj/b7O9eP35deP37/etK3Es18X6Vigh7b9vnbxg9m1m0R2zxv3NiRkj8nHwyUbizwz"
    "22Cpqid4Wkbf4tQIbeV4KQPcUz2/f3jvMVQBN+yuoa2zci2LHzeV1m4ioiGuAbGF7rGpdJ"
    "ueSPQQ4NFxnXMg61Xuu3NcOAkyfSp1Kq7UwLv4E3cb4wYC3aE7lbnmVLiExBI9BPjVqM4i"
    "Zr1KIRZtWYwDLqGIcbl/diKxk2t2x05rbXtmwztf5i9cDnssoFHfHvXuc8UHpq67whbHF/"
    "Qyrjh9e1/BFFvpbhtp4ht+VwdtW1zVgR+xD2Zs8fGMcx5y+VHqLTiKRmRW7RHPUcepXroi"
    "gH9AkdAO+0WKeF8D/05+J0czBC3kekcAugiwNeyhIHLTg2txgyg45SNORvNx3oo/BTXNBj"
    "XpQtDCyHoBjqDvo4XjH7GnS8IZa7r6nVCmkwjPrLeCHoDeHFk83d4EgRV1+R+UMEn2ObmO"
    "ij8DZ7cTb4NnABJvxT7iEBy5CHqUiC+0mq1/J5zRRkKKUFLBd+diX1PgFNjvr5K8Ti4yER"
    "MIPdtEZKrnQ3/plTTmHmm++3EjVNPTrWTvZMR6qOEbCVhA99JwvorsXvfyQL4+ILx/kyfU"
    "1yoHw5SIjpXc4WzIt70i7heYQHddYgmFEjnYJ2s/cDjsD+AXIYYx4Azvi6vr89tf5dEfFx"
    "LML34dX57nL9PifbauOkkkeqhP9h+bGh7bFG4sUxLt3Vq+bArePV9ZRmdZFf2cltEKegcF"
    "HZgHReirIvUiiT5cKLYfJpm2cwqwV1/UF4T1jX2nb+zvMMHebMvJLgjrNH1dnutHT4rdtR"
    "9yy0n7cnzVruFguSRxB4Z93bCw4tLrVCa/9yIH3gdK5wM5BR03DzeQ0LyjMYt61sjjF6Qg"
    "AKGLRMDvhin5ACRptjUsm5L2KebMcVBgJayhIsv718AbpERuLvWTrsXSQbpVJwTUqf0PHW"
    "ad2r+l1P4T1VuZgmAP4dYJXdqG/zDTeuhKCtpwL03ToKhXi5I9VKxtJHKpTGqrbrv3M1vG"
    "MGe7F1dfp2z39CTIjPfcJFVY77nVUSfYWLg4EZCiN7idHFjXwp8qSP0gnLXYcnKZNQ3DZi"
    "AcpGRBxvsZtI6zlbbRHzPNuTbTH8dM5+gogBv17yG4+7cd2dunU+QanoPMIsjl9+x5OX3X"
    "vsNdu2kZDnaQjQky1nAhyU9cYcNLZPu48o9HdRQL71a++kVjPsEAJ9vVCjInInrV7+Rh4t"
    "GlK4ubLMc+LaPB3wF8m0Hj+QZPrqdo3BYl++Duk9M2o7M6ymZ0Vq5reFvBnc2TXkKXegem"
    "JLR3YN47UPtVaL+KzmDfnl9FOhQndl7YPeNu2mGiJ9g3myX1itxjv7yWZKp5WEli4WzHGh"
    "4ojg1NBDCJCkL6mSx3C7gGPpyjEt8QZifMn9VwQmnmJfJ6lamCEqLCqia4uuWEsk25kJ2r"
    "hHRNyzTNcjHdoFYAKuzfQ3AbYLm0p08ba1jsZds4ohQEe7iqtSOKdkTZlyMKenAwG22rmc"
    "/L9nDmD2Sma3mh8BOxojZNifSPmmuc1xAmSAFtdULjczjOYYFdl8hIrbFOeZd8pNN3syWR"
    "x4XEjcNKk9ymU8OM+9WxyDFixrLIIOT5yGGmLxtiCJjFvGDagC1Z8BO+eMvNYuQFGXaWiw"
    "lykQXuXLoAL7mdjaA5E9JSa3yvL+C5ingdFB89CIcUYnm8wxH/+2gIqJtKRiQaHDY3yDpi"
    "xr4Z5BTiw3CLn5dSQVa5ae+HdXdkqfGD1nAN8QEN0cj/Ep6S/Mso5vu5wNNSLl2qDyU0er"
    "jYu3uGD2j070ejV6/ejI5fvT47PXnz5vTsOObTi01VxPrF1Y+cW89oy4hsP9hqKs3jv7dr"
    "jOzKrwtoRkjjKsH1DruREqmPa1ZI4yrBNdHN9WHNyGhUpVqAGasLlUN+ItFDrqQBBlCXv+"
    "irhcyPrcWpLc9TE/Xvxe+m7TQ1gSkgO3qXZ25LZLbM3dZNG1l6mm4oddsWflq7Omh1baU3"
    "5KFVwQRF1uuuTFDPqs8Oc1RQaqF1igrihbtlLFBY0LuCAAorh9dLS82ZsGcecOmKcyW8Yi"
    "B3mHgBxuy/z1fYQuAe2kvkBUwL6yAYlJsv15e3gZg8KfV+hpWyMhHDKY0mylQsDHoMK2sW"
    "LrH1IAqIi1LiAsdw/X++vvr3Z7HlxwULwZcPl7eXgF9eg3+AZ8HH1VUMOxDC5M8w+8U50J"
    "WcpSrCQDJSuljC9g7ZjxiI8MSR18F72q3pMEmN9McqYFxuAOfE+nBH3LYZDG0MJbq6HPNY"
    "QKOtjrZNp1QF7Ki/xlod60fwN+m22u6bw0nX0N7V4+T28tP49urduF7QTCoAZ9egmX5GLD"
    "UbNfMpIBEGMl4mahtWcjNeqleddK3sN4Ss55gIQoXTJJxKCcqvbp2gdR9jSpgZHfbSqbAX"
    "HTTQioV4KPWpB4MDBfgwqlO3BG8jtal1IMZTDcToYEZQPfs6DKcbM38gM93VMJyuTaemRb"
    "pgnw8PJBDnk4+cgdTM5w3Dahs/6lLLAYPfPgexMdwT5W0QnHIMPMTtbh7mwp6CpSSuRlW4"
    "MsQl8MYvBrkkzm9hMU1dwrr6luyklrPDSYWzw8lGZwfVeAsdalHlvC6/QC+/nunVBXrb9z"
    "O6iG9GXbwa1dAWr0alyoI3FQB2tzXm87K6wEOXz/S6CufTmWv0gH02e5ZK2FpGZqudv2MT"
    "uu+NH7kuldho5Tt/LKA9M9R3frr0naWah2hKRHuIbu8hyr4+MQU6BewvKLURJCV3gWm5fO"
    "wTE2zq9BU/aTn46ebmYwb7i6v8sv7888Uls97ERLBOOOAqJFHGdGrE0WH5SLPyJA8ZsfZs"
    "teNm9XUruR5qhPhVLfXyGD+9zivWuY7r03F9j7R7Hmxcn4BdxixH81HBLEdTX49ZDjJsy4"
    "njVFtZ5S5BC1to4VAfEXNtzNFaQhCzjiHKiNzHOXMzbgFMJt2v2JZQPPm2TDif5FV1gvvE"
    "QmBHGYHkxti+4LPw6D4mQhhiz8D59XvgIodyboQ1CMR10F9rJSjKefD0iquLd1qmhxtQA/"
    "XLwlJZDlzbFErW9uYqWylRbcftEGOpufOmuXPkqIWwRgK6mNMO69rCngN9cybC8NV2T4lo"
    "H7i5xgLoi2pd4KSAeF6uh4pFpzrvjsI5uJuapWNtPdV5WT3VnZ7qoJbjNkUIi5I93LWaKE"
    "LoLR3kesjapkqHTFbDXgt2F90VkS6/Jw279wHctm9JJy4kpiRirxzsRELjrY63D6cqYIfd"
    "NdLqSJt0scCS7FwVtcFjiT7g3bSNsUCeB6dKnqwpkT4g3PaKjgrXq0CeltGYb4G5DdWD2j"
    "NCfUC9aV0SpOYzwgLeW2T1y4hqzn97bhQTudNcuYZJJPqw0tvWL+iBX6sX4K50HopltO+Q"
    "gu/QCvszozRtaCXgedEWcY9u1A8W9siRQRHytJhe5gp45z1oFI4tEtE+qPQW+Ko0cqqHRZ"
    "ls/2Bv4MyoA8+eyL2HDjx7OnPtIhPhe9lxoTSKIS3SmyCG/UWbM8PNUKs/mRZpD9CXBwIo"
    "O5jKLkzKwyKj/nptFkwy6s5lWWvKD0uJhD4ibT4iMfPKQ8YuabfkI+gttMtbqMnjcGzDRQ"
    "xZT93ylolrC1zBAo8BhJ5aoYmCYB90XNuEahK0U3dPSSS0b6l63rkwcGvX4MB+Zocf5mIE"
    "k6WmGiKYUi+zJZnvmoz/I52+4+P0COtCZIXh0tWuOEXZ9/qIEbpHRHoVogIQDyK95AP1Ca"
    "XG43EDxMqCcmM8N0TmGijuWCs+l3V210n2xmce+C9dugTab4PcjexgIloJCBKhBLUyPV5Q"
    "kxdlsOkUCOUjj/Dd6+iVuSM5NZEPDFaKjq3KiSE9CUhs9VC9Vy3vxw2PbTEZRnnErBrx1D"
    "rn1Dz+e+NK5ux7qJxqo/49PNPuvzLgNtSIDpo5CDZEnARVE9hmhXQuu0dOYtsxLNumNFqP"
    "w+8Y3k2H4etklzrZ5YGrCJ0YTSdGe6Q1friJ0WYu9X0BrYSHiRqH1TRMuttGEuYDXQF65y"
    "MCPLpA/oyhC1bQY6hhZAEPs2UiuJAVm1HWdYKmkATsyRytgY9s2wOETqi1BqsZlBTbbOIF"
    "O1TeVPQ/3cXntGPkS8u1N026JJIogtLTS9xfUy2yo8vB1Slrc20fOjlQ2NAfafsRhbZkW0"
    "9Ugati24mKfdUp6cyTUFDC9DkVlZg54f4CXD5fQGyDsDIs8gB0kSi2zOl4bwFtG7Bt2mei"
    "sorO+xhy87aSycXJv3HtDJyiyFcsMaxMwzn4lsv6ifjXqP+aoPumdyhdTzy55J3Nb5DpxV"
    "AX7LSMhrwE8tSuGf0Q6uIbC+zF4O8QtqPTOuCyXuVFk0+Ldb/v2dpWIlQSCc2obBH4Dz1v"
    "RV2Jeq5ItpCS0ZirYz7F/mw5MdjXp0RtYyxK9k2p7F9hM8wQ2hLsrKDGehPWOiHnUyp6rm"
    "Biph1pMbOG5kiW/kTJJe/cwWM+zgGug1p+i5jcY1+AsCtSV/FIB7s3V0NF3emuGN24074u"
    "JC8y7ndD6FMwTJ9QapT4OkcuNmcDGfUVNg0ryS+YdNpEf5UjscOthuyw9FTcSXfk2MsJmj"
    "B/l8oxNCXSwwvs0elpLRLhtIJEOC2QCLJgncrIqJ6i+/K4VomD44oSB8eFEgfsjT6S3cOV"
    "Z69LieiSHopp6x71Iufb/wElFFfF"
)
