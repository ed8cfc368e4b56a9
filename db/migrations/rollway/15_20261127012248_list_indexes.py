from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = False  # CREATE INDEX CONCURRENTLY cannot run in one

# A server of the version before goes on meanwhile: nothing it writes waits for an index that is
# built. What was cut off in the middle is built anew.
POSTGRES = (
    ('"idx_application_transfe_7fc79c"', 'ON "application" ("transfer_org_name")'),
    ('"idx_audit_entry_chain_761fb3"', 'ON "audit_entry" ("chain", "action", "seq")'),
    ('"idx_audit_entry_chain_92700a"', 'ON "audit_entry" ("chain", "actor", "seq")'),
    ('"idx_org_name_e22726"', 'ON "org" ("name", "id")'),
    ('"idx_session_user_id_23ddbc"', 'ON "session" ("user_id")'),
    ('"idx_step_unpacked"', 'ON "step" ("task_id") WHERE packed = false'),
    ('"idx_task_app_id_7ffbf3"', 'ON "task" ("app_id", "trigger_type", "created_time")'),
    ('"idx_task_updated_8a160a"', 'ON "task" ("updated_time")'),
    ('"idx_task_app_id_4e812c"', 'ON "task" ("app_id", "status", "created_time")'),
    ('"idx_task_app_id_d8e376"', 'ON "task" ("app_id", "env_name", "status", "created_time")'),
)
UNUSED = ('"idx_step_packed_ee0475"', '"idx_delivery_receive_f42edc"')

SQLITE = """
DROP INDEX IF EXISTS "idx_step_packed_ee0475";
DROP INDEX IF EXISTS "idx_delivery_receive_f42edc";
CREATE INDEX "idx_application_transfe_7fc79c" ON "application" ("transfer_org_name");
CREATE INDEX "idx_audit_entry_chain_761fb3" ON "audit_entry" ("chain", "action", "seq");
CREATE INDEX "idx_audit_entry_chain_92700a" ON "audit_entry" ("chain", "actor", "seq");
CREATE INDEX "idx_org_name_e22726" ON "org" ("name", "id");
CREATE INDEX "idx_session_user_id_23ddbc" ON "session" ("user_id");
CREATE INDEX IF NOT EXISTS "idx_step_unpacked" ON "step" ("task_id") WHERE packed = false;
CREATE INDEX "idx_task_app_id_4e812c" ON "task" ("app_id", "status", "created_time");
CREATE INDEX "idx_task_app_id_7ffbf3" ON "task" ("app_id", "trigger_type", "created_time");
CREATE INDEX "idx_task_updated_8a160a" ON "task" ("updated_time");
CREATE INDEX "idx_task_app_id_d8e376" ON "task" ("app_id", "env_name", "status", "created_time");
"""

DOWNGRADE = {
    "sqlite": """
DROP INDEX IF EXISTS "idx_task_app_id_d8e376";
DROP INDEX IF EXISTS "idx_task_updated_8a160a";
DROP INDEX IF EXISTS "idx_task_app_id_7ffbf3";
DROP INDEX IF EXISTS "idx_task_app_id_4e812c";
DROP INDEX IF EXISTS "idx_step_unpacked";
DROP INDEX IF EXISTS "idx_session_user_id_23ddbc";
DROP INDEX IF EXISTS "idx_org_name_e22726";
DROP INDEX IF EXISTS "idx_audit_entry_chain_92700a";
DROP INDEX IF EXISTS "idx_audit_entry_chain_761fb3";
DROP INDEX IF EXISTS "idx_application_transfe_7fc79c";
CREATE INDEX "idx_delivery_receive_f42edc" ON "delivery" ("received_time");
CREATE INDEX "idx_step_packed_ee0475" ON "step" ("packed", "status");
""",
    "postgres": """
DROP INDEX IF EXISTS "idx_task_app_id_d8e376";
DROP INDEX IF EXISTS "idx_task_app_id_4e812c";
DROP INDEX IF EXISTS "idx_task_updated_8a160a";
DROP INDEX IF EXISTS "idx_task_app_id_7ffbf3";
DROP INDEX IF EXISTS "idx_step_unpacked";
DROP INDEX IF EXISTS "idx_session_user_id_23ddbc";
DROP INDEX IF EXISTS "idx_org_name_e22726";
DROP INDEX IF EXISTS "idx_audit_entry_chain_92700a";
DROP INDEX IF EXISTS "idx_audit_entry_chain_761fb3";
DROP INDEX IF EXISTS "idx_application_transfe_7fc79c";
CREATE INDEX IF NOT EXISTS "idx_delivery_receive_f42edc" ON "delivery" ("received_time");
CREATE INDEX IF NOT EXISTS "idx_step_packed_ee0475" ON "step" ("packed", "status");
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    if db.capabilities.dialect == "sqlite":
        return SQLITE
    for name, place in POSTGRES:
        await db.execute_script(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        await db.execute_script(f"CREATE INDEX CONCURRENTLY {name} {place}")
    await db.execute_script(f"DROP INDEX CONCURRENTLY IF EXISTS {UNUSED[0]}")
    return f"DROP INDEX CONCURRENTLY IF EXISTS {UNUSED[1]}"


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
    "rtEewzR7zQcrb66oDKTISUwzXsaluUQtCuDDiSOFjlgNQeMQkXiLxOhP1IusEqFGoLkscN"
    "mZXtWyU9MifWQc5kLxEUyL2ivp4IdBDh3evq0eSsQrVmRHTwpi3YVljjyrhfUgd7q4qzhU"
    "iiAPt4FYT7p+4AfhlhmADO8b68/nDx8d9yJ/xLCeaX/x5dXRTN05JFtel0kkp0cD7ZfbCs"
    "SEdT2P1nJA63/z/bF7w73v/HiqvK/JyV0RP0FhN0uBcoQ18XLSWW6AJPePgYKdl9Tgn2da"
    "FRCsLaBrZ1vFe2syfUof5sw84uCevwN23u60dP3dW2D/nAqQUK5FQefPW4DIVQ9keGfVPq"
    "uDz0WpVv4I04lnzL2F1PzjcnxYM1jDNUNGZxzQbGHGFMRBQZHYdkbpQ4AGEnS61GyV2zzn"
    "1AE4dpYKNMrzIbjj3cQcraFmJR64yxLaRbdYYCnYDw2GHWCQgPlIBwrHoqUxLsINw6suKh"
    "4T/O+Ho636PeuFfGS1OcV8uSHZxYDxFRsTbLjvrevZth6waFvXt59LVq757tBNnmvdBJNb"
    "v3wuhoEvVH2DM5KENvwD453F0L46kwBpuwzOLDyeO7aRwVI2ENJYv2s32jwlSMd6y58Dzi"
    "mKv+APVdjzKPBqu+EO7zPrT5BAeOEbYF9l0WRIFD36zxSYj8txPUh0QBhm/OiLWwo3Umsu"
    "Yi/A7ADcSF4gkXYMoWXzFcj3Fg532wTRMGYGEoOr5qIWgIzbEFhmDC86OxLZhmFR4zU5wm"
    "Fh6HWAB0FMCN63cQ3N3vdvndp1PiGb5LzDLI1ZYBRTltHbCFdYBpGS51iU0dYqzwXJJVpY"
    "Z1kMh2ceSfDptMLFCtevSLwoKhwMLxDbXYEhmRznnKPT9r4irHa1WCLMqKgdzgCEbJ8Cgj"
    "omeWreyOfLbwZPFpqrHPymjwt5nW0y2I0oyeFzvgHMOrLshhJprdazLxDq8M9e0c23al0W"
    "hWrjNeo0+HL18kBqPwo85W9Pb9xbt3ZYPRaI+sMnQzIgccthDK4FhHrc3B8ANjg/AIZcku"
    "GIruLUxCzhDal5ovVU4RGQltV16cJiQsmepZTkUTBznQ0c7mm53nFInOcp9X27bLZLsweR"
    "3ayl0bw2pj2NZgfzhj2GIYHmFxun2+sqyVa0ew32+OqWvnngY4etby0WOmeFB78kjzFRuY"
    "Dbs2NgmiDsIoIHgeBYGIc4TM8QoF+I5UGPTa1IFYa2sth/dzE+kxXzYd78LnV/UZX7sshz"
    "dJtrx1juW2zTL7Pujjc4MSwHH9DoK7h4M+bZ59iDEs1rJNrIdLgh0c1dp6WFsP78p6mDy4"
    "lLe2Uc8XZTvY80fS042oJtCIFWfTjEgXiKUD8xpiC1JCW53Q+BS1c1xgNyUyMmOsVSbB75"
    "iJ7c8QstDryfbl2fJB7cbchprGMq3aYGse1o5CmPO/fTQOd8ewtxpjn4Q5OvnO2Re2r8Lu"
    "FuJDwh7bH6DljII9rYhHPiMcDWkG6D3eR2eBbsPsNKjZjHMUiK1kTpRKaIOWLQxahM+VT/"
    "iOcGOPrZy01rtap3eVtIJHW8Smr2cLRx6RIilct3xNDTOp14RWpsQkYaBiPyDuEx/xJkR+"
    "jzmHls9s6Hd6+Qq4Xb6oiEC+IvMGsdDEY3N0BmQxweZMSEsp5Z3eAPxcRpA8hDzEyUigQh"
    "9+9weIeZmYx6LA5X1DrD5iXG0Lc4jwZgopUKT8dBweXJYd+0s2MjY0aIhC+CW+eHgZxUjD"
    "l3RaaYshXTUlZhjRAtjeRTM0w/hlOHz69OXw9OmL8+fPXr58fn6a2GOUi+oMMy6vfwPbjN"
    "xkERtrVC+lOsfyrsxg8iO/KaA5IY2rBNcJ9eJJpDmueSGNqwTXdG5uDmtORqMqnQU8vr1U"
    "2QWmEh0k/PdwjKVT2Xdpu5HrWq62lru22oowrt+J7+bQpoPhVkCmelfHjE9lNowa306iV6"
    "pN7ylofBvSILZrhdiVhX/NcYY8uZX6ccam6a3aMcx3nODqcFTQjTftyVgguD6oJYBYVKNR"
    "9is4znniIw9yuzoIcqDCScEJGvF/f15Si6B7bC+IHzItvIJgUG4+f7j6GIrJc1/tplkpKx"
    "Mf00mjgvzVS/GNagzEyTfwQfy1E+CTQz9qPRhgs8aWTthuPP4/fbj+709iyecrrofhEvr8"
    "9urjFQILLPR39CR8XFj5vySxLeJ0Vfqk5FFDkwQzyr9AF3sS3aomvENOSidC3/zM5BGd33"
    "9w5HVQHm2re5wkR/axShhXb4gLYl0wfDq4R51NsWSursY8EdBoq6NtsylTATuur7FWx/oR"
    "jCjbPW13zYqybWhva0b58ep29PH69aiZJ2jGq3RbT9BuuuHu1xX0NiQVejKeJi4b1HI1fq"
    "ZWk8Qx/Bsi1s/UEQQL0CZArVgkzCi+YaqYXbS53nz0SzLkNT/yyJak2inuIJvFKPmSCsYZ"
    "kc4FWdw9wOEcpYJvKtE5eIenTWhVXqs6d/zpqXY01I6GrU1Tontfu5m2o+ePpKcb2R9phk"
    "QzJK3Yqg+OxNH0NiBuT7rjh4JB/XY/rtLINgMOokO3GTBSeRX6rZwin8AWHDxg+FW0kLjc"
    "qArXer+Ehvq1hhaxDc0aWwswtRC2/wsnNaqLR3VvUDa0CGuhv4cghT2uiYPKE7lnjQwrnt"
    "UYVjxba1ih6uuh3TzqDOflh/XVR0GdOqw/9FkQX1CDhRIdk0p0AvD8dPG0Sc6Lp9UpL56W"
    "M15AXrINd4xFWZ3Wss2bhgl1qD/bsKtLwrqv29zX5IEGvPcsFZe5nMxGK3/LOnTXCz/xPC"
    "bZBFav/ImAtgJRX/nZInAXataoGRFtjbq5NSp/fccU6JSwv2TMJtipOGzMyhX9rrjgvrSv"
    "5MqBHa9ubt7lsL+8Lg7rT+8vr/juTXQEr0RDMkTi4cymRuKZVvRyqw4wkRPrTEKgg8SZaO"
    "BeWDfUq/0L9TivGefap1D7FD7S6nm0PoUCdhl1HfdHDXUdd30z6jpMUSFnpqMyka+cuMyc"
    "ifTiM7ZEbBIQSDwQRTlcYh9N6T2YmgUnqC/iQxljMuHDrQ/2aAMIfpjElBJjYiDa4Qisvj"
    "phPCmRloBNeX1LpDAX5Hd0g7AtcR9I4HYCQaTwXDyOyKkOAuJfhuCsF+Im3vFtkl+buVxw"
    "5haZuyyAZIbGHVlJokfxitEIIc59EjA/ZzPxB/gVpvXqylKiqq5W9k7NJOJ8x+L7ldata2"
    "fhWrkruTODBgAMQnfKwdpDBfG9LTENYJQN6s8UwgcG902XOBYXeIIuPrzh/esyIKDSw4b1"
    "z9vEtVQ8Gldms49V7VmaPhwXcWoeTp+EHCiBXvVJSHbYNsU7K9NBFWT3Jn7xBOTilc2wZG"
    "yvz9WeEdU7+S08evXpyb5PT4ir5jAdC+jovluMa4v6Lg7MmQgCobZ6SkS7wM7uLVxDeVqP"
    "9crGO/iCXAcnFp0tpj0TztGd1eV2XIpdXZTVXd3qrvbZwjPJJinUy5IdXLX2kULdX7jE84"
    "m1SaIzmayGvRHsHpmUka4+KY+qdwHcQ5+Tjz3smBKn0GqwUwmNtzreAZ6qgB1V10irI22y"
    "+ZxKYsFVT9ipRBfw3vceY058H0+VbJkzIl1A+NAj2qUukQeyr4Y8K6Mx3wBzG6vHTcgJdQ"
    "H1fc8lYSBI457ry/K4NutiSOZENee/OTdKHbnZZPUMk0p0YaQfen4hD2BYUYK71nwskdHW"
    "YwrWY0sazIzKILW1gBdFD4h7fKJ+tLDHhgyKkGfF9DBXwLtoh6SgtkhEuzClH4CvyiKnqi"
    "zKZLsH+x50Ru16+IOce2jXwx+nr72F4xuyaOA1EddTkc6FeHt+1sToiNeqnDhFWSl3H4Y0"
    "uIoqWVZMq2QKKtnC4bedUG+uDHlBUqOutPEwCb2XQV7pEZcV6YxD3M4cmOMt2Sa+hmXZzu"
    "B7YIfDrEuMCk9alNMk6RYJd8hDYKhlFM+KHG7onx3J1CJ8whTQTOp3ZhbZGZShn5uK/pxK"
    "aNphPe3AlTWfGNtES5W3oLelbd6WmuDdbBse4cj66my2TFwr8wrKfAIg9tVShZUEuzDHHd"
    "xojZcSSJJJHCWDqqJcF7Av8DPPm9Azz6vZmeelFBKJ03FTlFMJ7RujHpo5ct/Pg60e3qKb"
    "uZQGhSgX6VBTDXKRmcpnC+du29RV79j0NbTTIaxLnqGGx5bb4hQHqO4iRuSeOFJTDhWAIA"
    "zK1T05ytDElSgpRZQpWkwbVW7fMa43Dhkx/k8DdF+LFm+TBo9rqa/FVzUITzjIqiLxJENw"
    "TTgegyQVGwXl4ZW9VRoT/omP/pctPAfbr8KI8FxvFqUOCqMfQjgSx4LIOkkUHTFfy8P67L"
    "T12oj0wJwVI+ooBUSpI6elypOESoqGZ92M8LgRUQ5ISFcHSVHjRQ9Oie4f/51ReXf8PVQ2"
    "AnH9Dm4Ddp96fBPmTvtJHwVZJ5Rn1awVeSEdwPqRM1e0DMtDM24HD73UMrz3HXlJR7jXEe"
    "6PfIrQ0ZB1NORHGuPHGw155rEgENBKeJi4cFBPw2SrrSVh3iYxjn02J8GMoyuCD3OciYV8"
    "yoeJ4EKWvEd51TGZYidkT+7ICgXEtn3ksDGzVmg5w0GZh9nHDSRUTFPuRdHlaBs3o5aRL3"
    "uxO6mmWUy2kB3GVmovSX1NtchUl6PLfnzIsX3s5EBpQX+k5Uek75UtPXFe35plJ04hvH7J"
    "uUAQd4w5Ioi9z/USINxP0NXPc0xtxKGC6OXER9iDNcANgI7359i2EV+mAy5aXmR20+T6ZS"
    "UXfh3euHHQdZE6OJEY1EZeLwV6J/AazW8TVl93D6XjiR8uXvv+F8jsYGgKdlZGQ14BeWbV"
    "jD+EpvgmAjvZ8LcI2+HzJuDyWpXoirKCKdg9H9tKhEoqoRmVDWI9Yd9fMk8yPdfE18rIaM"
    "zVMZ/SYLYYG/z1maO2MJYluzap7H7C5pgRsiHYeUGN9TqsdQz2evghvdaNY696iWnfMewx"
    "oxG6zRYza3tM+W7ojsgi3ilZMV64dATtHOE4aGTqSZ17GggQtkXqOmnpaNfmeqiYN90Wox"
    "tv2tWB5Meb++0Qug2b6RJKeyW+PgsX0/fYnEEoWhkDlq8xqKXCQodVY56p3IAUixJAEl4c"
    "5ngMZjhAvkvwnY/ejkb//BvYqjIH7FbxfICYJ2xXbTtKCdmHlD/w2CJZJLyhjCfbw10ga+"
    "bNRBzieGRK4U3hrZBYORB2LFHEVQaLOAHFNm/dXkGyzFmGkTtB/Wjsi4bhqAcOgb46rsdM"
    "XhA+Jzw9HActoY7Jn4pYQOV9g/O8k/DVvlUb68aPDhVC4m4bi11Nie2cElOlw3TeQgV9Pz"
    "v6mwKclekCe7B353s85jNrGeGasCeJhE6Zt0XEE7HWKIe2zEvpCXvt+A4B2+YwWt5CB/mD"
    "I+ELGhmsp7qb8icmEdXU3LrPzPXIhEqcA2oyOiQS3Vumd+9b46fb48bm66lI9xDe/QiO0l"
    "2oIJwR0Qg3CC9tM5lzebX/UFxfewZIwvdE5xnKORRLgnro6pMnffJUpUja2Icok3wHsFFg"
    "upK0DkrXtm1DW0xZ3xCuEpvQ7Z98OaOfrzGoZfStpC5YWDZj9FPHBxxS1R7ishZEmyA2mf"
    "NNETDr4OjgmzMyx69QP6wmCHAc0ucD/gcY/QEP/20Kwfm+1blY7PhOwOxfBxAcw6b3xA+D"
    "ZiSsPvwSEjSI/DTYZIAWfLNnxx4bfMsXPgqvMuEN28yZNjS1/dILnxFqR28BFrBfwllAfN"
    "x/aL6+1iv19LSJW+rpabVfKpStcfNIOqmxypRIdJC2P28C+Xk14uenJRvWaOwrIJwR6SDE"
    "w0bDelgzrIenJZQn1ItnFUWlJC/ZQXX02DWSkv65seqpO/koOrnC87AuwlYnnQ8PEGerLd"
    "r+BfGoOZOq+VFRvX6P00rr9PrqXtjCK1mmr/4o4eC2JPGqVdNH4KBbNxMUnICaRIMe1oSD"
    "HkrjQasgHFXvILpnjfTSsxq99Kysl/I7BlLtv9qiJCOiTUoUTUoedT37/v8B4oUx"
)
