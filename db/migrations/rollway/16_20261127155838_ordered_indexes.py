from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = False  # CREATE INDEX CONCURRENTLY cannot run in one

# Each ends in the id, which lists are sorted by in the end: rows come in their order, none is
# gathered to be sorted. A server of the version before goes on meanwhile.
ORDERED = (
    ('"idx_delivery_applica_2e6734"', 'ON "delivery" ("application_id", "received_time", "id")'),
    ('"idx_task_app_id_b7b7b3"', 'ON "task" ("app_id", "status", "created_time", "id")'),
    ('"idx_task_app_id_38d969"', 'ON "task" ("app_id", "created_time", "id")'),
    ('"idx_task_app_id_9c5faf"', 'ON "task" ("app_id", "env_name", "status", "created_time", "id")'),
    ('"idx_task_app_id_3056c3"', 'ON "task" ("app_id", "env_name", "created_time", "id")'),
    ('"idx_task_app_id_d9bfd0"', 'ON "task" ("app_id", "trigger_type", "created_time", "id")'),
)
REPLACED = (
    '"idx_task_app_id_2e4c30"',
    '"idx_task_app_id_4e812c"',
    '"idx_task_app_id_7ffbf3"',
    '"idx_task_app_id_d8e376"',
    '"idx_task_app_id_98993b"',
    '"idx_delivery_applica_ac5987"',
)

DOWNGRADE = {
    "sqlite": """
DROP INDEX IF EXISTS "idx_task_app_id_d9bfd0";
DROP INDEX IF EXISTS "idx_task_app_id_3056c3";
DROP INDEX IF EXISTS "idx_task_app_id_9c5faf";
DROP INDEX IF EXISTS "idx_task_app_id_38d969";
DROP INDEX IF EXISTS "idx_task_app_id_b7b7b3";
DROP INDEX IF EXISTS "idx_delivery_applica_2e6734";
CREATE INDEX "idx_delivery_applica_ac5987" ON "delivery" ("application_id", "received_time");
CREATE INDEX "idx_task_app_id_98993b" ON "task" ("app_id", "created_time");
CREATE INDEX "idx_task_app_id_d8e376" ON "task" ("app_id", "env_name", "status", "created_time");
CREATE INDEX "idx_task_app_id_7ffbf3" ON "task" ("app_id", "trigger_type", "created_time");
CREATE INDEX "idx_task_app_id_4e812c" ON "task" ("app_id", "status", "created_time");
CREATE INDEX "idx_task_app_id_2e4c30" ON "task" ("app_id", "env_name", "created_time");
""",
    "postgres": """
DROP INDEX IF EXISTS "idx_task_app_id_d9bfd0";
DROP INDEX IF EXISTS "idx_task_app_id_9c5faf";
DROP INDEX IF EXISTS "idx_task_app_id_38d969";
DROP INDEX IF EXISTS "idx_task_app_id_3056c3";
DROP INDEX IF EXISTS "idx_task_app_id_b7b7b3";
DROP INDEX IF EXISTS "idx_delivery_applica_2e6734";
CREATE INDEX IF NOT EXISTS "idx_delivery_applica_ac5987" ON "delivery" ("application_id", "received_time");
CREATE INDEX IF NOT EXISTS "idx_task_app_id_2e4c30" ON "task" ("app_id", "env_name", "created_time");
CREATE INDEX IF NOT EXISTS "idx_task_app_id_d8e376" ON "task" ("app_id", "env_name", "status", "created_time");
CREATE INDEX IF NOT EXISTS "idx_task_app_id_7ffbf3" ON "task" ("app_id", "trigger_type", "created_time");
CREATE INDEX IF NOT EXISTS "idx_task_app_id_98993b" ON "task" ("app_id", "created_time");
CREATE INDEX IF NOT EXISTS "idx_task_app_id_4e812c" ON "task" ("app_id", "status", "created_time");
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    if db.capabilities.dialect == "sqlite":
        made = [f"CREATE INDEX {name} {place}" for name, place in ORDERED]
        return ";\n".join([*made, *(f"DROP INDEX IF EXISTS {name}" for name in REPLACED)])
    for name, place in ORDERED:
        await db.execute_script(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        await db.execute_script(f"CREATE INDEX CONCURRENTLY {name} {place}")
    for name in REPLACED[1:]:
        await db.execute_script(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    return f"DROP INDEX CONCURRENTLY IF EXISTS {REPLACED[0]}"


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    "eJztXVtz2ziW/isovaRXpXbZys09qXmwE3fH00k8GyubmUm6GIiEJKwpgk1SllW9+e+LA9"
    "5JkCJ0M8XgJbEIHJD8AAIHH87lr57HbHuJVycXLh2xO+L0/ob+6jl4Tvgf5cIB6mHXzRTB"
    "lQCPbVEdu9QIknpjP/CwGfCCCbZ9wi9ZxDc96gaUwW16F2jhE++Jj4QMmjAPYTTH5ow65B"
    "Vijr1CNPDRDPszRH10R9xggLBjiatjMqWOQ50pl0Z3Dlvyq2i8OoFbW8zk9+Zle73LwqF/"
    "Lgh/4SkJZsTj9/rypQf3gkKB4B9/8L+oY5EH4kMx/HTvjAkltpXDmVogI64bwcoV117PsP"
    "erqAlvNDZMZi/mTlrbXQUz5iTV+QvD1SlxiIcDYmVgdxa2HXVRfCl8dn4h8BYkeUgrvWCR"
    "CV7Y0HkgHT5Beq1nGB9uRsbt1cgweqWOjSUyvRBdMpkDg4I6gS/ef44fDJs402DGf7549j"
    "28T4pDWAtu+D8XH1+/vfj404tn/wU3ZHxkhWPuQ1QyFEXfRRM4wGEjAvUUZvG/AtBx/d1A"
    "HV9IsU6/i6MFOwXXNxm0UYL3H7c3H+TwphIFgC1qBuj/kE394AiBrgEWsICW577/p50F9K"
    "f3F/8qYv363c2lAIf5wdQTrYgGLgvAM29qqI7srMxGozuaJtqC+b4HN1/0bGpieCxDbbIu"
    "S2q81+NNnHvlMZ2V0Rivx1joQwboPSoo56W0ErIWZtcjE/qgAnEq0UHF4+xFA4DPXlQCDE"
    "V5gE2PABhGQGXzxRteBiVyqIuyRUUkEj6J/zhG+PkrWjd8mxN9VzXwj67fX92OLt7/M6ej"
    "vLkYXUHJUFxdFa7+VOyqpBH0+Xr0FsFP9J+bD1dFVSapN/pPD54JLwJm8B2Wga3MFBBfjV"
    "HL9byN/cDgO67N+r4svYPeb9kaciSdHWNS29vkwaW8uY36uiire7rNPQ0kiqKanRHp4KK5"
    "G60E6KfJnZQZiWmrPNy/Mo/QqfM7WQnQr/kTYseUfUAxUfgpaufI0P4eD6f4avp9e3iZEH"
    "bZUcZf3iI2CcJxeXH7+uLNVU9APMbm3RJ7lpHDGkrYkBWuJHXLRfPhvHgFO3gqwIG3gGdO"
    "+dlkk9mT87dp+WANhZuv2YDE9Qj//mnAvBUKZjhAGAUEz5FFXJutfBkh20BCSq6yJR9VBv"
    "OmKcM6QF+4vszuqRUOPGgaeqhIvX7p8fdw/Ekob6T0rOZjNR/bmRm+SAuqjeNUooMAn704"
    "bbTxPK3ZeZ4WMc4+WQnoEXkI5EAXxLpAVtWpn1f/GtWT3on2+e7mw29x9SITXiIIqcecOX"
    "EClSOHgpg+d9ji3CG77DantlKZTk4yuya3hD4j9B4VmPNSHQR6+Px5A6R5rUqoRZkEa7Ul"
    "MyOiUVZAWVXzywlppBWQXni2imqSlekEzodWTASASzKeMXZn+MT0iERBWYN/WVyriFv2hM"
    "MR37gfYmHdC1v2wiaTUUFW98GWfTBe+KuNzlCqW9GnKW0+TSkTnwqKl1S4C9/gvuk3bZXw"
    "o1olLFxr454vyuqeb0vPS6ba6OkzlHt8PqVKvBfkOrHx2hP9XnOInTse3PYk+yZs5shAb3"
    "qQXRxxudPsj/w7+Hj9elR3nJ09A7HpPfGozPb/MpL99fePxMYV5x0x4m/ChlYdgr3qyGJb"
    "qK7yxxhdRCvA/t22MI14G13CZ782JAuLBnyNohUmJGnxoN6CBCoaZlJzrQXJaEYQcSzEJo"
    "g5BAlJ+CEa4iUBzC2hS17Aq9rMvIPi5Yz3KJ8vxMVQKCC27fOyss3Jnu4hsVLRLn8KWsF5"
    "E6XgvFonOD9dZ2Likz/LOF87FYRTVLuAM93fLHu6L5in8AQ/D8+evXx2/vTFs3NeRTxlcu"
    "VlDfLXH0aF3ayql8hu/UOaINnrHWTE7skS87HsBmH6u+Kz36p6zg+Lm8z5JKm5ds7/DGZ/"
    "PpuTMbNWyKLWq9QJ22R8xvXFlCtaTGZlUcpnZfgbZvExmXC1vjzZ77pxqS1issDBnFG0Nv"
    "yrl/YAzN1QTB5cvtP0OQBJxyTehSl8BkeZL1QG+KULiKMvpyda4KiKH9/B7DFdYs1YDxLP"
    "UixjXu4x9WpU9W3/0sR645dq641fXqxbjZJuaYp0ItBBSmBXi//RLPb7RHbH6/0m3GWHOc"
    "vj5SjL9LRYEVSd2DMy+vCnQbiAeNVVArij8/zu4b2nWAXcqLqGtsnItSzQUpXGbiqiIW4A"
    "sUXuqal0CJ9KdBDg4WkTPZDXqjZ9PC1pgumWSGEG3sYdo90Y7yF4CPamMsvGGkuSRKKDAD"
    "8dNhnEvFYlxKIsj3FIQZQxrnZvSSW28mxpmbZ2aMcWPAlk7hbVsCcCGvXNUW8/xXxk03Vb"
    "SObXbD6nwW2Ag0X4FkWaOVdhUEs0m6Kq4ad1Gziow1EyWs6YT1Aoj/wZW/poFobzBFMQCw"
    "7/AkET/8Yv8boBBP30iQea1wAtnIDaobM6H3dwlEgsmWf7vm711fnq9ANmW32IUQocNdzp"
    "iY9CJMLqSwxBTm0LQWSbAeqH/vRgJNAXItEtuJSzmI+JF9HdX520IpcSR6F98cSMz2vhiS"
    "c84QRTm1jIp45JTtB1AE9ik0mAsA2EefjcfQuYcjon/W0PSOEFFWmKjEjnyOmz4XkTA6rh"
    "ebUBFZTV89MwepQAj+p37pjv6bCROlejzZV3ffE3prbzy0pp6q3BxkRuiVZ5CpDU14f+xU"
    "OAeCpXPQjIyh3mMOCQ0/KxnwVspRbml+fywLhxyIjxf5pa2W5qofeoC3NTI9uMOtIgWtR2"
    "SnZiPCtTsLOWtTXKtZWttlavvgE7OmzbwoxOpsq+Ag00bJGjIBRXUHrZ0kHwgCISPw3KWv"
    "SuGhY684xgi3hcn8Ue15mFYi50ZR+vhHWfUIz7YCgC7bwSP4XZCG+Ua/DCZIPr36iPg4DM"
    "Xa5Jm4xrukKj/+qECjINVW/e21w9DhgaE7RkHvxgDpfkzwlEQPIMYHmSWgI/Qdjxl/wRue"
    "rtEewzR7zQcrb66oDKTISUwzXsaluUQtCuDDiSOFjlgNQeMQkXSL1OQouVL710m5Wvou1I"
    "HjlwVraHlbTJnFgHmZO9xFEg94paeyLQQYR3r7FHU7QK4ZoR0SGctuBcYaUr435JHeytKk"
    "4YIokC7ONVEO6iugP4ZYRhAjjH+/L6w8XHf8td8S8lmF/+e3R1UTRSSxbVptNJKtHB+WT3"
    "IbMiTU2BA8hIHI4FONsXvDtmAWL1VWV+zsroCXqLCTrcEZShr4uZEkt0gS08fKSUwlZIhf"
    "cqCWtL2NaxX9nOnlCH+rMNO7skrIPgtLmvHz2BV9s+5AMnGChQVHnw1aMzFALaHxn2TQnk"
    "8tBrVdaBN+Jw8i1jdz0565wUD9bwzlDRmMU1G5h0hJERUWR6HFK6UfoAhJ0swRqleM26+A"
    "FZHCaDjfK9yiw59nAHKXdbiEit88a2kG7VeQp0GsJjh1mnITxQGsKx6qlMSbCDcOv4ioeG"
    "/zij7Omsj3rjXhk1TXFeLUt2cGI9RFzF2lw76nv3bgavGxT27uXR16q9e7YTZJv3QifV7N"
    "4Lo6NJ7B9h1eSgDL0B++Rwdy1MqMJIbMI+iw8nj++mcVSMhE2ULObP9o0KgzHesebC84hj"
    "rvoD1Hc9yjwarPpCuM/70OYTHLhH2BZYeVkQCw59s8YnIfLfTlAf0gUYvjkj1sKO1pnIpo"
    "vwOwA3EBeKJ1yAQVt8xXA9xoGd98FCTZiBhQHp+KqFoCE0xxaYgwn/j8YWYZpVeMx8cZpY"
    "eBxiAdBRADeu30Fwd7/b5XefToln+C4xyyBXWwYU5bR1wBbWAaZluNQlNnWIscJzSW6VGt"
    "ZBItvFkX86bDKxQLXq0S8KC4YCC8c31CJMZEQ65y/3/KyJwxyvVQmyKCuGc4MjGCXDo4yI"
    "nlm2sjvy2cKTRampxj4ro8HfZlpPtyBKM3pe7IBzDK+6IIeZaHavycQ7vDLUt3Ns25VGo1"
    "m5zviOPh2+fJEYjMKPOlvR2/cX796VDUajPbLK0M2IHHDYQkCDYx21NgfDD4wNgiSUJbtg"
    "KLq3YAk5Q2hfar5UOUVkJLRdeXGakLBkqmc5FU0c5EBHu5xvdp5TJDrLfV5t2y6T7cLkdW"
    "grd20Mq41hW4P94Yxhi8F4hMXp9lnLslauHcF+v5mmrp17GuDoWctHj5niQe3JI81XbGA2"
    "7NrYJIg6CKOA4HkUCiLOFDLHKxTgO1Jh0GtTByKurbUc3s9NpMd82aS8C59f1Wd87bIc3i"
    "Tl8taZlts2y+z7oI/PDUoAx/U7CO4eDvq0efYhxrBYyzaxHi4JdnBUa+thbT28K+th8uBS"
    "3tpGPV+U7WDPH0lPN6KaQCNWnE0zIl0glg7Ma4gtSAltdULjU9TOcYHdlMjIjLFWmQS/Yy"
    "a2P0PgQq8n25dnywe1G3MbahrLtGqDrXlYOwpkzv/20TjcHcPeaox9Embq5DtnX9i+Crtb"
    "iBIJe2x/gJYzCva0Iir5jHA0pHmg93gfnQu6DbPToGYzzlEgtpI5USqhDVq2MGgRPlc+4T"
    "vCjT22ctJa72qd3lXSCh5tEZu+ni0ceUSKpHDd8jU1zKReE1qZEpOE4Yr9gLhPfMSbEFk+"
    "5hxaPrOh3+nlK+B2+aIiwvmK/BvEQhOPzdEZkMUEmzMhLaWUd3oD8HMZQQoR8hCnJIEKff"
    "jdHyDmZSIfiwKX9w2x+ohxtS3MJMKbKSRCkfLTcZBwWY7sL9n42NCgIQrhl/ji4WUUIw1f"
    "0mmlLYZ01ZSYYUQLYHsXzdAM45fh8OnTl8PTpy/Onz97+fL5+Wlij1EuqjPMuLz+DWwzcp"
    "NFbKxRvZTqTMu7MoPJj/ymgOaENK4SXCfUiyeR5rjmhTSuElzTubk5rDkZjap0FvD49lJl"
    "F5hKdJDw38Mxlk5o36XtRq5rudpa7tpqK8K4fie+m0ObDoZbAZnqXR0zPpXZMGp8O4leqT"
    "a9p6DxbUiG2K4VYlcW/jXHGfIUV+rHGZsmuWrHMN9xmqvDUUE33rQnY4Hg+qCWAGJRjUY5"
    "sOA454mPPMjw6iDIhAonBSdoxP/9eUktgu6xvSB+yLTwCoJBufn84epjKCbPgLWbZqWsTH"
    "xMJ40K8lcvxTeqMRAn38AH8ddOgE8O/aj1YIDNGls6Ybvx+P/04fq/P4kln6+4HoZL6PPb"
    "q49XCCyw0N/Rk/BxYeX/ksS2iJNW6ZOSRw1NEswo/wJd7El0q5rwDjkpnQ598zOTR3R+/8"
    "GR10F5tK3ucZIc2ccqYVy9IS6IdcHw6eAedTbFkrm6GvNEQKOtjrbNpkwF7Li+xlod60cw"
    "omz3tN01K8q2ob2tGeXHq9vRx+vXo2aeoBmv0m09QbvphrtfV9DbkFToyXiauGxQy9X4mV"
    "pNEsfwb4hYP1NHECxAmwC1YpEwr/iGqWJ20eZ689EvyZDX/MgjW5Jqp7iDbBaj5EsqGGdE"
    "OhdkcfcAh3OUCr6pROfgHZ42oVV5rerc8aen2tFQOxq2Nk2J7n3tZtqOnj+Snm5kf6QZEs"
    "2QtGKrPjgSR9PbgLg96Y4fCgb12/24SiPbDDiIDt1mwEjlVei3cop8Altw8IDhV9FC4nKj"
    "Klzr/RIa6tcaWsQ2NGtsLcDUQtj+L5zUqC4e1b1B2dAirIX+HoIU9rgmDipP5J41Mqx4Vm"
    "NY8WytYYWqr4d286gznJcf1lcfBXXqsP7QZ0F8QQ0WSnRMKtEJwPPTxdMmOS+eVqe8eFrO"
    "eAF5yTbcMRZldVrLNm8aJtSh/mzDri4J675uc1+TBxrw3rNUXOZyMhut/C3r0F0v/MTzmG"
    "QTWL3yJwLaCkR95WeLwF2oWaNmRLQ16ubWqPz1HVOgU8L+kjGbYKfisDErV/S74oL70r6S"
    "Kwd2vLq5eZfD/vK6OKw/vb+84rs30RG8Eg3JEImHM5saiWda0cutOsBETqwzCYEOEmeigX"
    "th3VCv9i/U47xmnGufQu1T+Eir59H6FArYZdR13B811HXc9c2o6zBFhZyZjspEvnLiMnMm"
    "0ovP2BKxSUAg8UAU5XCJfTSl92BqFpygvogPZYzJhA+3PtijDSD4YRJTSoyJgWiHI7D66o"
    "TxpERaAjbl9S2RwlyQ39ENwrbEfSCB2wkEkcJz8TgipzoIiH8ZgrNeiJt4x7dJfm3mcsGZ"
    "W2TusgCSGRp3ZCWJHsUrRiOEOPdJwPyizUTIqWdrr6+Rklbr62bvrSIX50EW33WNREWbom"
    "zhWrkruRMFFXjWHTmIr3GJaQBjcFB/4hA+MDh3usSxuMATdPHhDe99lwE9lR5FrH/eJo6n"
    "4tG4qpt9rGq/0/ThuIhT83D6nORA6fWqz0myw7Yp3lmZDioouzcAjKchF69shiVje30m94"
    "yo3udv4e+rz1b2fbZCXDV36lhAx/7dYlxb1HdxYM5EiAi11VMi2gXudm/BHMrTeqxdNt7f"
    "F+Q6OLHoXDLtmXCO7iQvt+NS7OqirO7qVne1zxaeSTZJsF6W7OCqtY8E6/7CJZ5PrE3SoM"
    "lkNeyNYPfIpIx09Tl6VL0L4B76FH3sYceUuIxWg51KaLzV8Q7wVAXsqLpGWh1pk83nVBIp"
    "rnrCTiW6gPe+9xhz4vt4qmTpnBHpAsKHHtEudYk8zH015FkZjfkGmNtYPapCTqgLqO97Lg"
    "nDRBr3XF+WR71ZF2EyJ6o5/825UerIjSqrZ5hUogsj/dDzC3kAs4sS3LXGZYmMti1TsC1b"
    "0mBmVIawrQW8KHpA3OMT9aOFPTZkUIQ8K6aHuQLeRSslBbVFItqFKf0AfFUWOVVlUSbbPd"
    "j3oDNqx8Qf5NxDOyb+OH3tLRzfkMUKr4nHnop0LgDc87MmRke8VuXEKcpKmf0wJMlVVMmy"
    "YlolU1DJFg6/7YR6c2XIC5IadaWNh0novQzySn+5rEhn3OV25t4cb8k28UQsy3YG3wO7I2"
    "YdZlR40qKcJkm3SMdDHgJDLd94VuRwQ//sSKYW4TGmgGZSvzOzyM6gDL3gVPTnVELTDutp"
    "B66s+cTYJpaqvAW9LW3zttQE32fb8AhH1ldns2XiWplXUOYTALGvlkisJNiFOe7gRmu8lE"
    "AKTeIoGVQV5bqAfYGfed6Ennlezc48LyWYSJyOm6KcSmjfGPXAzZFzfx5s9eAX3cy0NCjE"
    "wEiHmmoIjMxUPls4d9smtnrHpq+hnQ5hXfIMNTy23BanOHx1FzEi98SRmnKoAARBUq7uyV"
    "EGLq5ESSneTNFi2qhy+45xvXHIiPF/GqD7WrR4mzR4XEt9Lb6qIXrCQVYVpycZgmuC9Rgk"
    "qdgoZA+v7K3SiPFPfPS/bOE52H4VxovnerModVAYGxHCkTgWxN1JYuyI+Voe9GenrdfGqw"
    "fmrBhvRykgSh05LVWeJFRSNDzrZoTHjYhyQEK6OkiKGi96cEp0//jvjMq74++hshGI63dw"
    "G7D7xOSbMHfaT/ooyDqhPKvmtMgL6fDWj5zXomVYHppxO3jopZbhve/ISzr+vY5/f+RThI"
    "6VrGMlP9IYP95YyTOPBYGAVsLDxIWDehomW20tCfM2iYDsszkJZhxdEZqY40ws5FM+TAQX"
    "suQ9yquOyRQ7IXtyR1YoILbtI4eNmbVCyxkOyjzMPm4goWKaci+KLkfbuBm1jHzZi91JNc"
    "1isoXsMLZSe0nqa6pFprocXW7kQ47tYycHSgv6Iy0/IrmvbOmJs/7WLDtxguH1S84Fgrhj"
    "zBEh7n2ulwDhfoKufp5jaiMOFUQvJz7CHqwBbgB0vD/Hto34Mh1w0fIis5sm1y8rufDr8M"
    "aNg66LxMKJxKA28nop0DuB12h+m7D6unsoHU/8cPHa979AZgdDU7CzMhryCsgzq2b8ITTF"
    "NxHYyYa/RdgOnzcBl9eqRFeUFUzB7vnYViJUUgnNqGwQ6wn7/pJ5kum5Jr5WRkZjro75lA"
    "azxdjgr88ctYWxLNm1SWX3EzbHjJANwc4LaqzXYa1jsNfDD8m3bhx71UtM+45hjxmN0G22"
    "mFnbY8p3Q3dEFvFOyYrxwqUjaOcIx0EjU0/q3NNAgLAtUtdJS0e7NtdDxbzpthjdeNOuDi"
    "Q/3txvh9Bt2EyXUNor8fVZuJi+x+YMQtHKGLB8jUEtFRY6rBrzTOUGpFiUHpLw4jADZDDD"
    "AfJdgu989HY0+uffwFaVOWC3iucDxDxhu2rbUcLIPqT8gccWqSThDWU82R7uAjk1bybiEM"
    "cjUwpvCm+FxMqBsGOJIq4yWMQJKLZ56/YKUmnOMozcCepHY180DEc9cAj01XE9ZvKC8Dnh"
    "6eE4aAl1TP5UxAIq7xuc552Er/at2lg3fnSoEBJ321jsakps55SYKh2m8xYq6PvZ0d8U4K"
    "xMF9iDvTvf4zGfWcsI14Q9SSR0yrwtIp6ItUY5tGVeSk/Ya8d3CNg2h9HyFjrIHxwJX9DI"
    "YD3V3ZQ/MYmopubWfWauRyZU4hxQk9EhkejeMr173xo/3R43Nl9PRbqH8O5HcJTuQgXhjI"
    "hGuEF4aZvJnMur/Yfi+tozQBK+JzrPUM6hWBLUQ1efPOmTpypF0sY+RJnkO4CNAtOVpHVQ"
    "urZtG9piyvqGcJXYhG7/5MsZ/XyNQS2jbyV1wcKyGaOfOj7gkKr2EJe1INoEscmcb4qAWQ"
    "dHB9+ckTl+hfphNUGA45A+H/A/wOgPePhvUwjO963OxWLHdwJm/zqA4Bg2vSd+GDQjYfXh"
    "l5CgQeSnwSYDtOCbPTv22OBbvvBReJUJb9hmzrShqe2XXviMUDt6C7CA/RLOAuLj/kPz9b"
    "VeqaenTdxST0+r/VKhbI2bR9JJjVWmRKKDtP15E8jPqxE/Py3ZsEZjXwHhjEgHIR42GtbD"
    "mmE9PC2hPKFePKsoKiV5yQ6qo8eukZT0z41VT93JR9HJFZ6HdRG2Oul8eIA4W23R9i+IR8"
    "2ZVM2Piur1e5xWWqfXV/fCFl7JMn31RwkHtyWJV62aPgIH3bqZoOAE1CQa9LAmHPRQGg9a"
    "BeGoegfRPWukl57V6KVnZb2U3zGQav/VFiUZEW1SomhS8qjr2ff/BzwfjV8="
)
