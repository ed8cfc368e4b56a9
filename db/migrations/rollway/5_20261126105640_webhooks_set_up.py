from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

UPGRADE = {
    "sqlite": """
ALTER TABLE "application" ADD "repo_webhook_busy_time" TIMESTAMP;
ALTER TABLE "application" ADD "repo_webhook_next" TEXT;
ALTER TABLE "application" ADD "repo_webhook_url" TEXT;
""",
    "postgres": """
ALTER TABLE "application" ADD "repo_webhook_next" TEXT;
ALTER TABLE "application" ADD "repo_webhook_url" TEXT;
ALTER TABLE "application" ADD "repo_webhook_busy_time" TIMESTAMPTZ;
""",
}

DOWNGRADE = {
    "sqlite": """
ALTER TABLE "application" DROP COLUMN "repo_webhook_busy_time";
ALTER TABLE "application" DROP COLUMN "repo_webhook_next";
ALTER TABLE "application" DROP COLUMN "repo_webhook_url";
""",
    "postgres": """
ALTER TABLE "application" DROP COLUMN "repo_webhook_next";
ALTER TABLE "application" DROP COLUMN "repo_webhook_url";
ALTER TABLE "application" DROP COLUMN "repo_webhook_busy_time";
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE[db.capabilities.dialect]


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    "eJztXW1z2za2/isYfUmvR804Spy4m9kPduI23qb2XkfZ7m67w4FIWMIVBagEZVnTm/++AP"
    "hOghQhijJF40sbEzig9AA6wHlwXv4ceNR113Dz8mKJx3SOyOAv4M8BgQvE/1FsHIIBXC5T"
    "TeKJDyeu7A6X2PLjfhPme9D2ecM9dBnijxzEbA8vfUzFawYXYMWQ94IBKQPuqQcgWEB7hg"
    "l6DyhxNwD7DMwgmwHMwBwt/SGAxJFPJ2iKCcFkyqXBnNA1fwomm5fi1Q61+bt5W6tvWRH8"
    "xwrxLzxF/gx5/F2//TYQ7xKNEsH//If/CxMHPSImmsWfy7l1j5HrZHDGjpCRzy1/s5TPPs"
    "yg96PsKb7RxLKpu1qQpPdy488oibvzLyyeThFBHvSRk4KdrFw3nKLoUfDZ+QPfW6H4QzrJ"
    "Awfdw5UrJk9IB58geTawrJvbsfXlamxZg8LERhKpWQgf2ZSIRYGJz+T3X8BHy0Vk6s/4n2"
    "/ffAvek+AQ9BIv/MfF3YdPF3ffvX3zP+KFlK+sYM3dhC0j2fRNDgF9GAwiUU9glv/XADrq"
    "vx+oowcJ1snv4mjBTsBlNhVjFOD925fbGzW8iUQOYAfbPvh/4GLmHyHQFcAKLMTIC8b+cN"
    "OAfvfLxT/zWH/4fHspwaHMn3pyFDnAZQ546k0t3ZWdltlpdYdqoiuYt724+abnYhuKj2Xp"
    "KeuipMF7O96IPGiv6bSMwXg7xvI8ZIlzjw7KWSlzCNkK89JD9/hRB+JEoocHj1dvawD86m"
    "0pwKIpC7DtIQGG5WOVvvjI20SLGuq8bP4gEgq/jP5xjPDzr+jccjMn/F1VwD++/uXqy/ji"
    "l79nzigfL8ZXomUkn25yT7/LT1U8CPj1evwJiD/Bv29vrvJHmbjf+N8D8ZngyqcWt7As6K"
    "RUQPQ0Qi0z8y5kvsUtrt3mvii9h9nv2B5yJJMdYVI52+hxiflwO811XtbMdJdnWpAomsfs"
    "lEgPN839nEoE/XQ/VzIjEW2VhftH6iE8JT+jjQT9mn9CSGzVDygiCr+G4xwZ2t+i5RQ9TX"
    "7fHlzHhF16lfEv7yAX+cG6vPjy4eLj1UBCPIH2fA09x8pgLVroiOaexH2LTYvRIv8EEjiV"
    "4IhvIT5zws/GRuZAzd8m7cMtFG62Zw0S10P894996m2AP4M+gMBHcAEctHTphqkI2RoSSn"
    "KVrvmqsqg3TRjWIfiNn5fpA3aChSeGFjNkqFdDvXZGvbRtYgo2T28dJxI9BPjV29NaNuZp"
    "hZF5msc4/ckKQI/Ro68GOifWB16q6qR59c9xNb8dHzQ/3978FHXPk94FLhB7lCwQ8XVuF3"
    "Ji5oqhwRVDeoetz2IlMr1UMvvmseTRRR5xdGDOSvUQ6NHZWQ2kea9SqGWbAmu9LTMlYlDW"
    "QFn35JcRMkhrIL3yXJ2jSVqmFzgf+mAiAVyjyYzSucWQ7SHFAWUL/kVxc0RsOBOEI77zPE"
    "TCZhYazsIuyigna+ag4RxMVmyz03VJ+Sjm4qTLFyf8axF2H3Ck2gcvpXAffoNt02/GAeG5"
    "OiCsls7OM5+XNTPflZlXqNrw06co9+gqSpd4z8n1wvBqiX6vuK/O3AQ2vbS+DYY5MtDr3l"
    "nnV1zm4vqO/w7urj+Mq26u03cgLn5AHla5+V+Gsj/+fIdcWHLfESH+MRho0yPYy64smkJ1"
    "lb3G6CNaPmTzpjCN+Rh9wqddd5GVg32+R+ESb5GkeVjtLCI6Wnbcc6uzyHiGACIOoPeAEg"
    "SkpPhDDsRbfKFbgug7n3d1qT0XzesZn1GuL+TDQMhHrst4W9G9pKV3KBxSjIuJxqngvM6h"
    "4Lz8THB+us3FhKE/ijhfkxLCKeydwxm3p2VP24J5Kj7B96NXb969OX/99s057yI/ZfzkXQ"
    "Xy1zfjnDWrGxCy31CQOkgOBgdZsS05XT6Vi6BQf1dc+23KdX7QXEfno7jnVp3/q/DwY3SB"
    "JtTZAAc775N4a5tyjcukypUjxlpZtnKtLP4ttPgE3fNjfVHZ73twpdthvMEJnZF3LPxzkM"
    "yA0N2iGT0uuaXJOADxxMSBhAl8FkeZb1SWCEGXEIe/nIEcgaMq//hmtpWqH+kPddwwfih3"
    "w/jh7bZtJZ79ukjHAj207fe1ix/Nrt0msnveuHchIXtMPh4v2VjkmfkGS3UjYtIy5hanRo"
    "i/wEsb4J7q+f3D+4ChDrhhdwNtnZXrOOK4qbV2ExEDcQ2IHfSAba3b9ESihwCPTuucA3mv"
    "ch/G08JJkOtTZXBFpQZuElfRbYxbSPgBvanKRbHCJSSW6CHAr0d1FjHvVQqxbMtiHHAJRY"
    "zL41QSiUYhKh07rR06QgXe+6q4iXLYYwGD+u6od58rPjJ13RW2OL6gV3HF6dv7CqbYSXfb"
    "ShPfirs66Lryqg78hH0w44tPZN5kyBNHqffgJBqRW7UnIlenoHrpmgDxAWViT+wXKeJ9Df"
    "w7+Z2czBB0kMdOAPQQ4GuYoSCCncGNvEGUnPKJIKPFOO/ln5Ka5oPadCFpYeS8BCfQ99Fi"
    "6Z/wpysiGGu6/p1QrpOIyDC6hgxANkeOSDs6QWBNPfEHJVySf06ho+LPINjtxNvgBYCErf"
    "lHHIITD0FGifxC69nmdyIYbSSlCCUVfHcuB0AKnAL7/Zsiv52HbMQFQs82GaHPfOivWElj"
    "7pHhu582Uj893Vr2Tkashxq+lcAt9KAMa67IcvigDmjuA8L7N3lCfa1zMEyJmJjxBmdDse"
    "0Vcb/EBHqbEksolMjBPtn4gcNhfwC/DDGMAed4X17fXNz9Sx37c6nA/PJf46uL/GVavM/W"
    "VSeJRA/1yf5j9MNjm8aNZUricLeWr9qCd89XltFZVkc/p2WMgm6goAPzoAh9VZBmJNGHC8"
    "XDh2am7ZwC7NsiMnPC5sa+0zf295hgNttxsgvCJuq2y3P95MUBuvZDPnDy0hxf1TQcLJcs"
    "88iwrxsWVlx6ncpo+lHmAv1E6XygpqDj5uEWElp0tGZRzxr5TINULCB0kQj43TA1KYAkzb"
    "aG5aPSPsWCOQ4KTYW1pFT5T1t4g5LIzaXAMzWpOki3msSopsTJscNsSpwcqMTJRPdWpiDY"
    "Q7hNQpdDw3+caT1MRRljuJemadDUq0XJHirWQyRyqUzurW+79zNbxjBnuxdXX6ds9/QkqI"
    "z33CRVWO+51VEn2Fi6OBGQojeEnRxY19KfKkj9IJ21+HLyuDUNw2YgHaRUQcb7GbSOs5Wx"
    "0Z+y3IMx05/GTBfoaIAb9e8huPu3Hfnbp1PkWWyJ7CLI5ffseTlz197grt12rCVeIhcTZG"
    "3gQpEaucKGV8j2ceWfjuooFtGtfPXLxnyCAUG26xWmT0TMqm/kYcLoylPFTZZjn5Yx4DcA"
    "3+XQMN8SyfU0jduiZB/cfXLaZnReR9mMzst1jWgruLMx5SV0qXdgSsJ4B+a9A41fhfGr6A"
    "z2h/OrSIfixM4LzTPuph0meoJ9u1lSr8kD9str6qaah5UkFs52rOGBsnShjQAmUWFcP5Pl"
    "bgE3wIdzVOIbwu2E+YsaTijtvERdtzdVUEJWmjYEV7ecUHYpF9K4SkjXtEzbLBfXDXqF8M"
    "L+PQS3BZbLePocYg3LvWwXR5SCYA9XtXFEMY4o+3JEQY9LzEfbaebzsj2c+SOZ6VpeKOJE"
    "rKlNUyL9o+Za5zWkCVJAW5/Q+BqOc1xg1yUyUmusU94ln+n0w2xF1HEhceOw0iR36dSy43"
    "51LHKMuLEsMwgxHy256cuHGAJuMS+4NuBLFvyML98LsxixIMPOajFBHnLAvUcX4JWwsxG0"
    "Z1JaaY3v9QUiV5Gog+KjR+mQQhwmOpyIv0+GgHqpZESyYcnnBjkn3Ni3g5xCYhhh8YtSKs"
    "gpN+39sO6OKjV+0BquITGgJRvFX9JTUnwZzXw/l3hayqUr9aGCRg8Xe3fP8AGN/sNo9Pr1"
    "u9Hp67fnZ2/evTs7P4359GJTFbF+ef2T4NYz2jIi24+2mkr7+O/tGiO78usCmhEyuCpwvc"
    "depETq45oVMrgqcE10c31YMzIGVaUW4MbqQueQn0j0kCtpgQE05S/6aiGLY2txasvz1ET9"
    "e/G7OXSamsAUUB29yzO3JTI75m7rpo2sPE23lLptBz+tpg5aXVvpLXloVTBBkfXalAnqWf"
    "XZYY4KSi20TlFBonC3igUKC3pXEEBh5fB6aakFE/aCAY+uBVciKgYKh4mXYMz/+/0aOwg8"
    "QHeFWMC08A6SQbn99ebqLhBTJ6Xez7BKViZiOJXRRJmKhUGPYWXNwhV2HmUBcVlKXOIYrv"
    "+vN9f/+1Vu+XHBQvDrp6u7KyAur8FfwYvg45oqhh0IYfJnmP/iltBTnKUqwkAyUqZYwu4O"
    "2U8YiPDMkTfBe8at6ThJjfTHKmBcbgDnxPpwR3xoMxi6GCp0dTnmsYBBWx9tl06pDthRf4"
    "O1PtZP4G/SbbXdN4eTrqHd1OPk7urL+O76w7he0EwqAKdp0Ew/I5bajZr5EpAIAxUvE7UN"
    "K7kZlupVJ10r/w0h53tMJKEiaBJBpQTlV3dO0LqPMRXMjAl76VTYiwkaOIiFeCz1qQeDIw"
    "X4OKpTHwjeVmpTm0CM5xqI0cGMoGb2TRhON2b+SGa6q2E4XZtOQ4t0wT4fHkkgzhcfLQdK"
    "M180DKtt/KhLLQcMcfscxMYIT5T3QXDKKWBI2N0izIU/BStFXI2ucGWIS+CNXwxySZzfwm"
    "KapoR19S3Zm1rODm8qnB3ebHV20I23MKEWVc7r6gv08uuZXl2gH/p+xhTxzaiL16Ma2uL1"
    "qFRZiKYCwN6uxnxe1hR46PKZ3lThfD5zjR6xz2fP0Qlby8jstPN3bEL3vfEjz6MKG61854"
    "8FjGeG/s5PV/5ypechmhIxHqK7e4jyr09siU4B+0tKXQRJyV1gWi4f+8QF2zp9xU8OHPx0"
    "e/s5g/3ldX5Zf/3l8opbb3IieCcccBWKKGM6teLosHykWXmSh4zY4Wy103b19UFyPdQI8a"
    "ta6uUxfmadV6xzE9dn4vqeaPc82rg+CbuKWY7mo4JZjqa+HrMcZNhWE8eptrLKXZIWdtBi"
    "SX1E7I01RxsFQcw7higj8hDnzM24BXCZdL9iW0Lx5Nsy4XyKV9UJ7pMLgR9lJJJbY/uCzy"
    "Ki+7gI4Yi9ABc3H4GHllRwI7xBIm6C/g5WgqKcB0+vuLp4p2V6uAG1UL8sLJW1hBuXQsXa"
    "3l5lKyVq7LgGMZaGO2+bO0dLvRDWSMAUc2qwrh3MltC3ZzIMX2/3VIj2gZtrLYC+qNYlTh"
    "qI5+V6qFhMqvPuKJyju6lZLZ2dpzova6a601Md1HLcpQhhUbKHu1YbRQjZaok8hpxdqnSo"
    "ZA3stWD30H0R6fJ70rB7H8A99C3pxIPEVkTslYOdSBi89fH24VQH7LC7QVofaZsuFliRna"
    "uiNngs0Qe827YxFogxONXyZE2J9AHhQ6/oqHC9DuRpGYP5Dpi7UD+oPSPUB9Tb1iVBaj4r"
    "LOC9Q1a/jKjh/HfnRjFRO82Va5hEog8r/dD6BT2Ka/UC3JXOQ7GM8R3S8B1aY39mlaYNrQ"
    "Q8L3pA3KMb9aOFPXJk0IQ8LWaWuQbeeQ8ajWOLQrQPKv0AfFUaOd3Dokq2f7C3cGY0gWfP"
    "5N7DBJ49n7n2kI3wg+q4UBrFkBbpTRDD/qLNueFm6dWfTIscDtBXRwIoP5iqLkzKwyKj/m"
    "ZtFkwy6s1VWWvKD0uJhDkibT8icfOKIatJ2i31CGYL7fIWaos4HNfyEEeW6VveKnFjgWtY"
    "4DGAkOkVmigI9kHHHZpQTYJ26u4piYTxLdXPOxcGbjUNDuxndvhhLkYwWWq6IYIp9TJbkX"
    "nTZPyf6fSDGKdHWBciKyyPrpviFGXf6yNG6AER5VWIDkAiiPRKDNQnlFqPxw0QKwvKjfHc"
    "Eplrobhjrfhc3tnbJNkbXzDwf3TlEei+D3I38oOJbCUgSIQS1MpkoqCmKMrg0imQykcd4b"
    "vX0StzRwpqIh8YrBUdW5UTQ3kSUNjqoXqvWt5PGx57wGQY5RGzesTTwTmn9vHfG1cy599D"
    "51Qb9e/hmXb/lQF3oUZM0MxRsCHyJKibwDYrZHLZPXES245heWhK4+Bx+B3Du+0wfJPs0i"
    "S7PHIVYRKjmcRoT7TGjzcx2syjvi+hVfAwUeOwmoZJd9tKwnyia0DvfUQAowvkzzi6YA0Z"
    "Rw0jBzDMl4nkQtZ8RnnXCZpCErAnc7QBPnJdBgidUGcD1jOoKLbZxgsaVN7U9D9t4nPaMf"
    "LlwLU3bboiiiiC0tNL3N9QLaqjy9HVKTvk2j52cqCwoT/R9iMLbam2nqgCV8W2ExX7qlPS"
    "WSShoITrcyorMQvC/SW4+n4BsQvCyrCIAeghWWxZ0PFsAV0X8G3a56Kqis77GHL7tpLJxS"
    "m+ce0MnLLIVywxrEzDOfiWy/qJxNeo/5qg+7Z3aF1PPLvkne1vkOnFUBfstIyBvATy1K4Z"
    "/RDq4hsL7MXg7xC2o7M64PJe5UWTz4p1vx/42tYiVBIJw6jsEPgPGVtTT6GeK5ItpGQM5v"
    "qYT7E/W00s/vUp0dsYi5J9Uyr7V9gcM4R2BDsraLDehrVJyPmcip5rmJhpR1rMraE5UqU/"
    "0XLJu1jisRjnCNdBLb9FTB6wL0FoitR1PNLR7s3VUFFv2hSjW2/a14XEIuO+GUJfgmH6hF"
    "KrxNcF8rA9G6ior7BpWEl+waTTNvqrHIkGtxqqw9JzcSdtyLGXEzRh/i6dY2hKpIcX2KOz"
    "s1okwlkFiXBWIBFUwTqVkVE9RffVaa0SB6cVJQ5OCyUO+Bt9pLqHK89elxIxJT0009Y96U"
    "XOt/8CZyX25w=="
)
