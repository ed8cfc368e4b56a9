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
    "eJztXW1z27aW/isYfUnXo2YcJU7cm9kPduI23qb2rqNs773NHQ5EwhJXFMASlGVNN//9Au"
    "A7CVKEKNIUjS9tTOCA0gPoAOfBeflr5BHH2cDtywvXnpIlwqO/gb9GGK4Q+0excQxG0HVT"
    "TfyJD2eO6A5d2/DjfjPqe9D0WcM9dChijyxETc92fZvw14wuwJoi7wUFQgbcEw9AsILmws"
    "boPSDY2QLbp2AB6QLYFCyR648BxJZ4OkNzG2Mbz5k0WGKyYU/BbPuSv9oiJns3a2v1LWts"
    "/7lG7AvPkb9AHnvXH3+M+Lt4o0DwX/9i/7KxhR4R5c38T3dp3NvIsTI42xaXEc8Nf+uKZx"
    "8W0PtZ9OTfaGaYxFmvcNLb3foLguPu7Avzp3OEkQd9ZKVgx2vHCacoehR8dvbA99Yo/pBW"
    "8sBC93Dt8Mnj0sEnSJ6NDOPmdmp8uZoaxqgwsZFEahbCRybBfFHY2Kfi+6/go+EgPPcX7M"
    "+3b74H70lwCHrxF/7vxd2HTxd3P7x98x/8hYStrGDN3YQtE9H0XQwBfRgMIlBPYBb/VwA6"
    "6n8YqKMHCdbJ7+JowU7ApSbhYxTg/a8vtzdyeBOJHMCWbfrg/4FjU/8Iga4AlmPBR15R+q"
    "eTBvSH3y7+nsf6w+fbSwEOof7cE6OIAS5zwBNvbqiu7LTMXqs7VBN9wbztxc02Pcc2If9Y"
    "hpqyLkpqvHfjjfCD8ppOy2iMd2MszkMGP/eooJyV0oeQnTC7Hrq3H1UgTiQGePB49bYGwK"
    "/elgLMm7IAmx7iYBi+LdMXH1kbb5FDnZfNH0RC4ZfRP44RfvYVrVtm5oS/qwr4p9e/XX2Z"
    "Xvz235kzyseL6RVvmYin29zTH/JTFQ8Cfr+efgL8T/DP25ur/FEm7jf954h/Jrj2icEsLA"
    "NaKRUQPY1Qy8y8A6lvMItrv7kvSh9g9nu2hxzJZEeYVM42enRtNtxec52X1TPd55nmJIri"
    "MTslMsBN8zCnEk4/3S+lzEhEW2Xh/pl4yJ7jX9FWgH7NPiHEpuwHFBGFX8Nxjgzt79Fyip"
    "4mv28PbmLCLr3K2Je3kIP8YF1efPlw8fFqJCCeQXO5gZ5lZLDmLWRCck/ivsWm1WSVfwIx"
    "nAtw+LfgnznhZ2MjcyTnb5P28Q4KN9uzBonrIfb7t33ibYG/gD6AwEdwBSzkOmRLZYRsDQ"
    "kpuUo2bFUZxJsnDOsY/MHOy+TBtoKFx4fmM6SpV0299ka9tG1icjZPbR0nEgME+NXb01o2"
    "5mmFkXmaxzj9yQpAT9GjLwc6JzYEXqrqpHn192k1vx0fND/f3vwSdc+T3gUu0PYIXiHsq9"
    "wu5MT0FUODK4b0DlufxUpkBqlkDs1jiaOLOOKowJyVGiDQk7OzGkizXqVQizYJ1mpbZkpE"
    "o6yAsurJLyOkkVZAeu05KkeTtMwgcO76YCIA3KDZgpClQZHpIckBZQf+RXF9RGw4E5ghvv"
    "c8RMJ6FhrOwj7KKCer56DhHMzWdLvXdUn5KPripM8XJ+xrYXofcKTKBy+p8BB+g23Tb9oB"
    "4bk6IKxda++Zz8vqme/LzEtUbfjpU5R7dBWlSrzn5AZheLVEv1fcV2duApteWt8GwxwZ6H"
    "XvrPMrLnNxfcd+B3fXH6ZVN9fpOxDHfkCeLXPzvwxlf/71Djmw5L4jQvxjMNB2QLCXXVk0"
    "heoqe40xRLR8SJdNYZqyMYaET7vuImvL9tkeZZd4iyTN42pnEd7RMOOeO51FpgsEELYAuQ"
    "cEIyAk+R9iINbic90SRN/5rKtDzCVv3izYjDJ9IR4GQj5yHMraiu4lLb1D4pCiXUwUTgXn"
    "dQ4F5+VngvPTXS4mFP1ZxPkalxBOYe8cznZ7Wva0LZjn/BP8OHn15t2b89dv35yzLuJTxk"
    "/eVSB/fTPNWbOqASGHDQWpg+Ro1MmKbcnp8qlcBLn6u2Lab1uu84PmOjofxT136vzfuYcf"
    "JSs0I9YWWLb1Pom3NgnTuFSoXDFirJVFK9PK/N9ci8/QPTvWF5X9oQeXuh3GGxzXGXnHwr"
    "9GyQxw3c2b0aPLLE3KAIgnJg4kTOAzGMpsozJ4CLqAOPzljMQIDFXxx3e9rVT9SH+q44bx"
    "U7kbxk9vd20r8ezXRToWGKBtf6hd/Gh27TaRPfDGvQ8JOWDy8XjJxiLPzDZYohoRk5bRtz"
    "g1Qvw5XsoAD1TPHx7eBxuqgBt219DWWbmWxY+bSms3EdEQ14DYQg+2qXSbnkgMEODJaZ1z"
    "IOtV7sN4WjgJMn0qDa6o1MBN4ir6jXELCT+gN5e5KFa4hMQSAwT49aTOIma9SiEWbVmMAy"
    "6hiHF5nEoi0ShEpWenta4jVOC9L4ubKIc9FtCo7496/7niI1PXfWGL4wt6GVecvr2vYIqt"
    "dLedNPEtv6uDjiOu6sAvtg8WbPHxzJsUefwo9R6cRCMyq/aE5+rkVC/ZYMA/oEjsaftFiv"
    "hQA3/D3/DJAkELefQEQA8BtoYpCiLYKdyKG0TBKZ9wMpqP8178KahpNqhJVoIWRtZLcAJ9"
    "H61c/4Q9XWPOWJPNN0yYTsI8w+gGUgDpElk87egMgQ3x+B8EM0n2ObmOij8DZ7cTb4MXAG"
    "K6YR9xDE48BCnB4gttFttvmDPaSEhhgiv47lwOgBQ4Bfb7D0l+Ow+ZiAmEnm0iQp/60F/T"
    "ksbcI813P22kfnq6leydjNgANXwrgVvoQRrWXJHl8EEe0DwEhA9v8oT6WuVgmBLRMeMNzo"
    "Z82yvifmlj6G1LLKFQIgf7bOsHDofDAfwyxDAGnOF9eX1zcfcPeezPpQTzy39Mry7yl2nx"
    "PltXnSQSA9Qnh4/RD49tCjeWKYnubi1ftQXvga8so7Osin5Oy2gF3UBBB+ZBEfqqIM1IYg"
    "gXit2HZqbtnALsuyIyc8L6xr7XN/b3NrbpYs/JLgjrqNs+z/WTFwfo2w+54+SlOb6qaThY"
    "LlnmkWFfNyysuPR6ldH0o8gF+omQ5UhOQcfN4x0kNO9oLKKeNfKZBqlYQOgiEfC7YWpSAH"
    "GabQ3LR6V9ijlzHBSaCmtJyfKftvAGKZGbS4Gna1L1kG7ViVF1iZNjh1mXOOmoxMlM9Vam"
    "IDhAuHVCl67hP860HrqijDbcS9M0KOrVouQAFWsXiVwqk3ur2+7DzJYxztnuxdXXK9s9PQ"
    "ky4z03SRXWe2511Ak2Fi5OGKToDW4nB9a18KcKUj8IZy22nDxmTcOwGQgHKVmQcfNBhfcY"
    "Ty5qUHOBrLUTbhKhd5Zw+6IgahOjr7lnWvTEcD3CQFmdcFcz4c8VZK9gOw7g43zDK2hxxy"
    "7As6nU9u3SlMBTVpfQrMDTsAIcHQVwo/4DBPfwpip7+3yOPIO6yCyCXH6tn5fTV/sNrvZN"
    "y3BtFzk2RsYWriSZmCsoA4nsEFf+6aSOYuHdyle/aMznM+DcvpJHS0pEr/pGDi2UrD1ZmG"
    "Y59mkZDX4D8B0GDfUNfvpUtKWLkkPwLsppm8l5HWUzOS/XNbyt4D1HpXfepc6IKQntjJh3"
    "RpRYZ6oEYMkQnbCAXVpEQyIB8xZ2cc7LHSJlskNQXl27RmoPKu1B1Rvsu/OgSgfdxW5KzX"
    "Nrp12jBoJ9u/mQr/GD7ZdXz041jyvpajvbsYavmetAEwEbRyWw/Uw+yxXcAh8uUYkXGDPR"
    "ly9quJu18xJ5he5U6RhRU15zy/1yN9unMFDjekB90zJtE8xMN6iVvAz7DxDcFghm7dPXxR"
    "oWe9k+LmcFwQGuau1ypl3ODuVyhh5dm42218znZQc480cy07WoJn4iVtSmKZEhEEsd8xrC"
    "BCmgrU5ofA3HOS6w6xIZqTXWKz+yz2T+YbHG8giwuHFcaZI7ZG6Ycb86FrmNmLEscoVRH7"
    "nM9GVDjAGzmFdMG7AlC361L99zsxjRIJfWejVDHrLAvUdW4BW3sxE0F0Jaao0f9AXcr4xX"
    "PPLRo3A9wxblHU743ydjQLxU2jHR4LK5QdYJM/bNIHsYH4Zb/LxoErLKTXs/rLAlK4IRtI"
    "ZriA9oiEb+l/CJ5l9GMbPXpT0vvcaS6kPJDVa42Pt7hg9usH6aTF6/fjc5ff32/OzNu3dn"
    "56fxVVaxqepO6/L6F36tldGW0T3X0dZNah//g90gZld+XUAzQhpXCa73thcpkfq4ZoU0rh"
    "JcE91cH9aMjEZVqgWYsSq5Rq5KwhVJDJAraYEB1IVuhmoh82NrcWrLHTCi/oP43XTtdRGY"
    "ArKjd3mOxkRmzyyN/bSRpafplpI07uEi2dQ3sm8rvSXnyAomKLJemzJBA6szPc5RQamF1i"
    "sq6Nabj2QsEH8+riSASNijVgJ6zoS9oMAjG86V8Nqg3GHiJZiy//64sS0EHqCzRjRgWlgH"
    "waDc/n5zdReIydPPH2ZYKSsTMZzSQL5MbdKgx7iyOunath4Nft1PNjgYN1r/X2+u/+er2P"
    "Lj0qTg909Xd1eAX16D/wQvgo+r65X2IHrQX9jsF+dCT3KWqojAykjpsij7x0I8YQzQM0de"
    "x81qt6bjJDXSH6uAcbkBnBMbwh1x58EHjg0luroc81hAo62OtkPmRAXsqL/GWh3rJ/A36b"
    "faHprDSd/Qbupxcnf1ZXp3/WFaL2gmFYDTNGhmmBFL7UbNfAlIhJGMl4naxpXcDE31qpOY"
    "mf2GkPWjjQWhwmkSTqUEhZb3TsV8iDElzIwOe+lV2IsOGujEQjyWSvSj0ZECfBx16DuCt5"
    "Uq9DoQ47kGYvQw96+efR2G04+ZP5KZ7msYTt+mU9MifbDPx0cSiPPFR+5IaubzhnG1jR91"
    "qeWAwW+fg9gY7onyPghOOQUUcbubh7mwp2AtiatRFa4McQm88YtBLonzW1g2Vxerr74le1"
    "PL2eFNhbPDm53ODqrxFjrUosp5XX6BXn49M6gL9K7vZ3S57oy6eD2poS1eT0qVBW8qAOzt"
    "a8znZXUplz6f6XW93ecz1+jR9tnsWSphaxmZvXb+nk3ooTd+5HlEYqOV7/yxgPbMUN/5yd"
    "p312oeoikR7SG6v4co+/rYFOgUsL8kxEEQl9wFpuXysU9MsK3TV/yk4+Cn29vPGewvr/PL"
    "+utvl1fMehMTwTrZAVchiTImcyOODstHmpUneciIdWernbarrzvJ9VAjxK9qqZfH+Ol1Xr"
    "HOdVyfjut7ot3zaOP6BOwyZjmajwpmOZr6esxykGFbThyn2sqK5gla2EIrl/gIm1tjibYS"
    "gph1DFFG+CHOmZtxC2Ay6X7FtoTiybdlwvkkr6oT3CcWAjvKCCR3xvYFn4VH9zERzBB7AS"
    "5uPgIPuYRzI6xBIK6D/jqr/lLOg6dXXF280zID3IBaKB0YVqlz4dYhULK2dxe4S4lqO65B"
    "jKXmztvmzpGrFsIaCeg6ag3WtWVTF/rmQoThq+2eEtEhcHOtBdAX1brASQHxvNwAFYtOdd"
    "4fhXN0NzVr19p7qvOyeqp7PdVBGdV96n8WJQe4a7VR/5OuXeRRZO1TpUMmq2GvBbuH7otI"
    "l9+Tht2HAG7Xt6QzD2JTErFXDnYiofFWx9uHcxWww+4aaXWkTbJa2ZLsXOUKO5EYAt5t2x"
    "grRCmcK3mypkSGgHDXK9q1XSRPJV4OeVpGY74H5g5UD2rPCA0B9bZ1SZCaz3hg52V5ppFd"
    "Wf0yoprz358btbHcaa5cwyQSQ1jpXesX9Miv1QtwVzoPxTLad0jBd2hj+wujNG1oJeB50Q"
    "5xj27Ujxb2yJFBEfK0mF7mCnjnPWgUji0S0SGo9A74qjRyqodFmezwYG/hzKgDz57JvYcO"
    "PHs+c+0hE9kPsuNCaRRDWmQwQQyHizZnhpuhVn8yLdIdoK+OBFB2MJVdmJSHRUb99dosmG"
    "TEW8qy1pQflhIJfUTafURi5hVFRpO0W/IR9Bba5y3U5HE4juEhhixVt7xl4toCV7DAYwAh"
    "VSs0URAcgo7rmlBNgnbq7imJhPYtVc87FwZuNQ0OHGZ2+HEuRjBZaqohgin1sljjZdNk/J"
    "/J/AMfZ0BYFyIrDI9smuIUZd8bIkboAWHpVYgKQDyI9IoPNCSUWo/HDRArC8qN8dwRmWug"
    "uGOt+FzW2dsm2RtfUPB/ZO1h6LwPcjeyg4loxSBIhBLUyqS8oCYvyuCQORDKRx7he9DRK3"
    "NHcmoiHxisFB1blRNDehKQ2Oqheq9a3k8bHtthMozyiFk14qlzzql9/A/GlSzZ91A51Ub9"
    "B3imPXxlwH2oER00cxRsiDgJqiawzQrpXHZPnMS2Z1h2TWl0HoffM7zbDsPXyS51sssjVx"
    "E6MZpOjPZEa/x4E6MtPOL7AloJDxM1jqtpmHS3nSTMJ7IB5N5HGFCyQv6CoQs2kDLUbGQB"
    "arNlIriQDZtR1nWG5hAH7MkSbYGPHIcCTGbE2oLNAkqKbbbxggaVNxX9T5v4nPaMfOm49q"
    "ZJ1lgSRVB6eon7a6pFdnQ5ujplXa7tYycHChv6E20/otCWbOuJKnBVbDtRsa86JZ15EgqC"
    "mT4nohIzJ9xfgqsfV9B2QFgZFlEAPSSKLXM6nq6g4wC2TftMVFbR+RBD7t5WMrk4+TeunY"
    "FTFPmKJcaVaThH33NZPxH/GvVfE3Tf9Q6l64lnl7yz/Q0yvRjqgp2W0ZCXQJ7aNaMfQl18"
    "Y4GDGPw9wnZyVgdc1qu8aPJZse73A1vbSoRKIqEZlT0C/yGlG+JJ1HNFsoWUjMZcHfO57S"
    "/WM4N9fYLVNsai5NCUyuEVNsMMoT3BzgpqrHdhrRNyPqei5womZtqR1mbW0BLJ0p8oueRd"
    "uPaUj3OE66CW36KNH2xfgNAUqet4pKPdm6uhIt68KUa33nyoC4lGxn0zhL4EwwwJpVaJrw"
    "vk2eZiJKO+wqZxJfkFk0676K9yJBrcasgOS8/FnbQhx15O0IT5u1SOoSmRAV5gT87OapEI"
    "ZxUkwlmBRJAF61RGRg0U3VentUocnFaUODgtlDhgb/SR7B6uPHtdSkSX9FBMW/ekFznf/w"
    "2ljj5D"
)
