from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

UPGRADE = {
    "sqlite": """
CREATE TABLE IF NOT EXISTS "commit_status" (
    "told" VARCHAR(32) NOT NULL,
    "deployment" VARCHAR(64),
    "tries" INT NOT NULL,
    "due_time" TIMESTAMP NOT NULL,
    "task_id" VARCHAR(128) NOT NULL PRIMARY KEY REFERENCES "task" ("id") ON DELETE CASCADE
) /* A task whose commit shows how it stands, at its Git hosting service, until that has ended. */;
CREATE INDEX IF NOT EXISTS "idx_commit_stat_due_tim_22dae4" ON "commit_status" ("due_time");
""",
    "postgres": """
CREATE TABLE IF NOT EXISTS "commit_status" (
    "told" VARCHAR(32) NOT NULL,
    "deployment" VARCHAR(64),
    "tries" INT NOT NULL,
    "due_time" TIMESTAMPTZ NOT NULL,
    "task_id" VARCHAR(128) NOT NULL PRIMARY KEY REFERENCES "task" ("id") ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS "idx_commit_stat_due_tim_22dae4" ON "commit_status" ("due_time");
COMMENT ON TABLE "commit_status" IS 'A task whose commit shows how it stands, at its Git hosting service, until that has ended.';
""",
}

DOWNGRADE = {
    "sqlite": """
DROP TABLE IF EXISTS "commit_status";
""",
    "postgres": """
DROP TABLE IF EXISTS "commit_status";
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE[db.capabilities.dialect]


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    "eJztXV1z2za6/isY3aTHo2ZsxU7czeyF7bitt6m9x1a3u5vscCASlnBEASoJWdb05L8vAH"
    "6TIEVIokzRuEksAi9IPgCBFw/ejz97HnXdJVy9vZjjIZ0i0vsL+LNH4AzxP4qFfdCD83mq"
    "SFxhcOTK6nCOLRbXG/nMgzbjBY/Q9RG/5CDf9vCcYSpu07sACx95b3wgZcAj9QAEM2hPME"
    "EfASXuCmDmgwn0JwD7YIrmrA8gceTVERpjQjAZc2kwJXTJr4LR6q24tUNtfm9e1uhdFgT/"
    "sUD8hceITZDH7/XlS0/cSxRKBP/zH/4XJg56Rr4oFj/nU+sRI9fJ4IwdISOvW2w1l9euJt"
    "D7UdYUbzSybOouZiSpPV+xCSVxdf7C4uoYEeRBhpwU7GThumEXRZeCZ+cXmLdA8UM6yQUH"
    "PcKFKzpPSAdPkFzrWdbt3dB6uB5aVq/QsZFEqhfCSzYlYlBgwnz5/jP4bLmIjNmE/3x/+i"
    "24T4JDUEvc8B8X91c/X9x/9/70f8QNKR9ZwZi7DUsGsuibbAIyGDQiUU9glv9rAB3V3w3U"
    "0YUE6+S7OFiwE3B9m4o2CvD+7eHuVg1vIpED2ME2A/8PXOyzAwS6AliBhWh55vt/uGlAv/"
    "v14p95rK8+311KcKjPxp5sRTZwmQOeemNLd2SnZTYa3eE00RbMmx7cfNFzsQ3FY1l6k3VR"
    "0uC9Hm9EnrTHdFrGYLweY6kPWULv0UE5K2WUkLUwzz30iJ91IE4kOqh4nLyvAfDJ+1KARV"
    "EWYNtDAgyLYdV88YmXiRI11HnZvCISCr+N/jhE+PkrOnd8mxN+VxXwD29+vX4YXvz694yO"
    "8ulieC1KBvLqKnf1u3xXxY2A32+GPwPxE/z77vY6r8rE9Yb/7olnggtGLb7DsqCTmgKiqx"
    "FqmZ53oc8svuParO+L0jvo/ZatIQfS2REmlb2NnueYN7dRX+dlTU+3uacFiaKpZqdEOrho"
    "7kYrEfTT41TJjES0VRbuH6mH8Jj8glYS9Bv+hJDYqg8oIgp/C9s5MLS/RcMpupp83x5cxo"
    "RdepTxl3eQi1gwLi8eri4+XfckxCNoT5fQc6wM1qKEDmjuSly3WDQbzPJXIIFjCY54C/HM"
    "CT8bbzJ7av42Ke+voXCzNWuQuB7i3z9m1FsBNoEMQMAQnAEHzV268lWEbA0JJblKl3xUWd"
    "QbJwxrH3zh+jJ9wk4w8ETToocM9Wqo19ZML01vMQWbpzeOE4kOAnzy/rjWHvO4YpN5nMc4"
    "/WQFoIfomamBzol1gZeq0jSv/zms5rdjRfPz3e1PUfU86V3gArFHyQwRpnO6kBMzRwxbHD"
    "GkV9j6LFYi08lJZtc8llRdpIqjA3NWqoNAD87OaiDNa5VCLcsUWOstmSkRg7IGyrqaX0bI"
    "IK2B9MJzdVSTtEwncN63YiIBXKLRhNKp5SPbQwoFZQ3+RXGjIur3BL818R8DbkB7wlEKd6"
    "EXmt52moO313rwtpg7G/d8Xtb0fFt6XnE2Ez59imqKKFhdwikn1wmFoyHaqeKcJsOAb3tY"
    "cxc0c2Cg1z2ryY+4zIHNPf8O7m+uhlUnNmnuz8VPyMMq89bLUPbHX+6RC0t4vgjxT0FDqw"
    "7BXkbVbQvVdZa+6yJaDPrTbWEa8ja6hE+zx6QLBzO+RuGSU9KkuF99SCoqWnZcc+0h6XCC"
    "ACIOoI+AEgSkpPghG+IlTMwtgdcJ41Vdak9F8XLCe5TPF/JiIMSQ6/q8rHis2tA9FAex5m"
    "hVQys4r6MUnJfrBOfH645WffRHEecbUsI6hLVzOOPmZtnjpmAeiyf4fnBy+uH0/N3703Ne"
    "RT5lfOVDBfI3t8PcblbXEHq3JtB1kOz19jJiGzI2einTGDH9XfPZb1U+5wfFdeZ8FNdcO+"
    "f/LixbfDpDI+qsgIOdj4mfoU35jOvLKVe2GM/KspTPyuJvMYuP0CNX64uT/a4bV5rbxAuc"
    "mDPyBjV/9pIeEHO3KEbPc77T9DkAccfEDjQJfBZHmS9UlnC9lBCHX05PtsBRlT++mWWl6i"
    "P9oc7x4w/lx48/vF+3rMS9XxfpWKCDe/tdreIHs2o3ieyOF+5NSMgOk4+HSzYWeWa+wFJd"
    "S/C0jDnFqeHaKvDSBrij8/zu4X3CUAfcsLqBts7IdRyhbmqN3UTEQFwDYgc9YVvrND2R6C"
    "DAg+M6eiCvVW67c1zQBPl8qjQqrpyBt7EnbjfGDTi6Q2+sMs2pMAmJJToI8LtBnUHMa5VC"
    "LMuyGAdcQhHjcvvsRGIr0+yWaWv7tsyGj0xlL1wOeyxgUN8c9fZzxQc2XbeFLb6isxlmDw"
    "yyRfAWeb44U6FfyRjbsqrlJ3VrOFOKM2GwnFAfgUAe+BO69MEkCD0nbDoccYrHJN/7E7/E"
    "6zIRoM5HntC8+mBBGHYDx0o+7sSZIHJUXphN3eor+UqOGHWdIxFPT5DN4k5vfBAgEVRfQh"
    "GQz3WAiMLQB0eB76c47T+SIuEtuBRZzEbIC3nrrySpyKXkmeaRfGLK57Xg6FI84SPELnKA"
    "j4mN3oIbJp7ERY8MQFcw38FzHzmC8sYzdLTtSad4QU2aIiXSOXL6ZHBexxJqcF5uCSXKqv"
    "lpMXq0AA/rd+687t2gljpXoc0Vd33RN6a380tLGeqtxsZEbVJWegoQ1zen9/lDgGgq1z0I"
    "SMvt5zBgn9PyoZ8FbKUWZpfn4sC4I2hI+T91zWU3NbV70YW5rrVsSh2pEdlkOyU7toJVKd"
    "hpE9kK5dpJV1urV98JgzjoutIeTqXKfhQaaNAiR0EqrkLppUsCxAPKqNGYFbXoXTUsdeYJ"
    "gg7yuD4LPa4zS8Vc6so+XEkzPakYHwmLD9HOR/lT2n/wRrkGL20vuP4NjiBjaDbnmrRNua"
    "YrNfqvJFCQcaB6897m6jGjYITAknriByVckj+nIALiZxAmJIlJ7xsAib/kj8hVbw9BnxL5"
    "QsvJ6isRKjOSUoRr2OVGJbkAMylwCiYmXxTBUz1kIy4Quo/I8C/JBktRmLtkjEpeNgxMur"
    "u1VMuMWAdplEa8gtGTpgofC3QQ4d2r7+F8rcO+pkRMQJItCFix7BVxv8QEequS44ZQIgf7"
    "aMWCLVV3AL8MMYwB53hf3txe3P9L7WJ9qcD88l/D64u8xVq8ztadThKJDs4nuw8AE6ptGo"
    "RASmJ/lMBJU/DumBKIdFmd+TktYyboLSboYHtQhL4qHEYk0QXqcP+xSNL7nALs1SRYQdiY"
    "xbaOCkt39iMm2J9s2NkFYRMLu819/eKZZ9r2Ie85MnaOr8qCrx9zIReJ+cCwr8smF4deq8"
    "Jlp2MLqDjoXOyBCho6F2S0jlegpEkJSEEkONTg8FRysoGPtiR8+XDymA9gWAwkyaryBtxN"
    "o3UIW5PY8CXjEZsA2y9zUC/Q0QA3qt9BcHdPe/C7j8fIs/w5snX26nk5s1/fYr9uO9Ycz5"
    "GLCbJWcKYIJFrh+KuQ7eLIPx7UmVhEtfLRLwvznsAi9Kde5tRExIz6rVgqny48lYNTOfZp"
    "GQP+FuC7HBqfWRvYzhYlu0AZNmZDm6HEfeVGtvSEISVhThjyJwyGmzHcTGuw7wg3c0OeMC"
    "vPZJYq7lcyMzhbsYbrzdyFNgKYROnIWCbG0gyuAINT9BGIuEWZeErCoI8rv8LFRWZHFtTL"
    "FM0V5oJN3USdLS0Vzlzm9zOsTbuM4TYJVr91jPq2TVtNUzd8btBLPxLW7yC4DVA3JoX8Ps"
    "awXMuQY4107WYLgh0c1Savxb7hP8zsBnXyWrQsxXjbev5AerqWXcUL5BhvNd/UtRTjLQO7"
    "7u68rRnGP9Px1WRBpj3Vpjwu7FduyV06tuy4Xp0dOUZ8syxd63yG5nzry5uQESlmfDbgQx"
    "b8gi8/im0x8gPXMxkrAjng0aMzcCL22QjaEymt3I3v9AbCiU9E4WfoOQqfISocid9HfUC9"
    "lJeeLJjzvkHOEd/s24GznWgmF7RDubWPHFpVgZm/pH05RYOWLBS/RKwNS7yMpiPcJR6XEs"
    "TK+VDBDYeDvb06fMAN/zAYvHv3YXD87v352emHD2fnxzFJXCyqYosvb34ShHFmtowY5ION"
    "5d88/jvj5rMjvy6gGSGDqwLXR+xFk0h9XLNCBlcFrsncXB/WjIxBVTkL8M3qTEfJTyQ6yJ"
    "U0wACa4Otd3SELtbXYteUOXFH9Tnw3+/bfCrYCKtW73KU5kdnQqbmde2SlNt2QT3MbAve1"
    "a4XYldlRBROkDsekzwR1LPdhf6uQTPujgkTaWBULFKaTrSCAwry19eI1CSbsjQ88EY2UyH"
    "xVwmDiLRjyf79fYgeBJ+gukB8wLbyCZFDufr+9vg/E1NGadtOskpWJGE6li0wmX1ZQo1+Z"
    "MWuBnWeZvlYmspU4huP/t9ub//1NLvlxuizw+8/X99dAHF6Dv4I3weOaHFot8MthE8y/uD"
    "n0FLpUhW9DRsqE6t7cyvgFretfOfLGI82YNR0mqZF+rALG5RvgnFgXzoj3vQ2GLoaKuboc"
    "81jAoK2PtkvHVAfsqL7BWh/rF7A3afe03TWDk7ahva3Fyf31w/D+5mpYxTMoXXEU8/dlKP"
    "3jL/fIhSULZLfdcL41ysk8BCRCT8XLRGX9Sm7GT9WqYZrj828IOd9jIgkVQZMIKiVI/lfi"
    "vbLWN2YnbW6RxcWQIjublvtVjIhxGmgO9sPLjrqnLDmvNTfqnuBtJDOqccR4rY4Y0rKJaw"
    "Gb9X1R2vT+IfW+ccN5NUZGhhYxtEgr9uf9A3HEeWBo3lNu80VBv3qPH1WpZYAhTp8D3xhh"
    "ifIxcE45Bj5iSVZXsFD41egKV7q4BNb4RSeXxPgtzDJhcjtVn5Kd1jJ2OK0wdjhda+yg62"
    "9hXC2qjNfVB+jlxzOdOkDf9/mMyW7TcFJhGXZ6ww1dXtakLGizTm/SU7yevkbPmPHec3Tc"
    "1jIyG638LevQXS/8yPOoYo9WvvLHAsYyQ3/lpws2X+hZiKZEjIXo5hai/PWJLdEpYH9JqY"
    "sgKTkLTMvlfZ+4YFPaV3xlz85Pd3efM9hf3uSH9W+/Xl7z3ZvsCF4JB1yFwsuYjq3YOyzv"
    "aVYe5CEjtr+92nGz8/VeYj3UcPGrGurlPn5mnFeMc+PXZ/z6Xmj1PFi/Pgm7ilmO+qOCWY"
    "66vh6zHCSeUhPHqbKydFSSFnbQbE4ZIvbKmqKVgiDmFUOUEXmKY+ZmzAK4TLpesSyhePJl"
    "GXc+xa3qOPfJgcBVGYnkWt++4FmEdx8XIRyxN+Di9hPw0JwKboQXSMSN09/e8iqU8+DpEV"
    "cX77RMBxegBpJyhfmf5nDlUqgY2+tTR6VEzT5uCx9Lw503zZ2juZ4LayRgMhRtMa4d7M8h"
    "syfSDV9v9VSIdoGba8yBvjitS5w0EM/LdXBiMaHO2zPhHNxJzWLubNzVeVnT1a3u6iBB4S"
    "aZ9YqSHVy1msis5y/myPORs0mWDpWsgb0W7B56LCJdfk4aVu8CuPs+JR15kNgKj71ysBMJ"
    "g7c+3gyOdcAOqxuk9ZG26WyGFdG5KhJexxJdwLvpPcYM+T4ca1mypkS6gPC+R3SUjV0H8r"
    "SMwXwDzF2o79SeEeoC6k3PJUFoPivMSr1BVL+MqOH8N+dGMVEbzZXPMIlEF0b6vucX9CyO"
    "1QtwVxoPxTLGdkjDdmiJ2cQqDRtaCXhedI+4RyfqBwt7ZMigCXlazAxzDbzzFjQaaotCtA"
    "tT+h74qjRyusqiSrZ7sDegMxrHs1dy7mEcz15PX3vIRvhJpS6UejGkRTrjxLA7b3O+cbP0"
    "8k+mRfYH6MmBAMoVU9WBSblbZFTfjM3Clox6U1XUmnJlKZEwKtJ6FYlvr3xkbRN2S92CWU"
    "LbvITawg/HtTzEkfX1d94qcbMD19iBxwBCXy/RREGwC3PcvgnVxGmn7pqSSBjbUv24c6Hj"
    "1rbOgd2MDt/P+QgmQ03XRTA1vUwWZLptMP7PdHwl2ukQ1gXPCsujy21xiqLvdREj9ISI8i"
    "hEByDhRHotGuoSSlr+uHmLI6vMbSrC9Y6gIeX/1ED3Srb4EDd4kEu/Gl9dF+ZgkJX5McdD"
    "cI0zs4XiirVcmnllb5UEvHzjg/+jC49A92MQ7pLrcrKUgCB2TJBe1Bc5SEUeC5eOgZyv1U"
    "7RO229MtymYHPyvtRaDsVVYUSUypOC3giHZ9WM8LIexXuMH1LuZKzH1e2dpmse/53RS1P+"
    "Hjobgah+B7cBu0+muAmbZPyMDoJAksqzbszfrJAJ//fCcX9bhuW+WaC9hy5oGd5NRy4w8U"
    "FNfNADnyJMLDkTS+6FxvjhxpKbeJQxCa2Ch4kK+9U0TLraWhLmZ7oE9JEhAnw6Q2zC0QVL"
    "6HPUMHKAj/kwkVzIkvcorzpCY0gC9mSKVoAh1/UBoSPqrMByAhX5SZu4wRbJSjVNdrcx02"
    "0Z+bLndKU2XRCF40Wp9hLXN1SLSnU5uNRu+xzbh04OFBb0F1p+ZG4y1dITJS2rWHai/Gh1"
    "smCLuB2U8PmcyuTVgnB/C66/n0HsgjCZLvIB9JDMTy3oeH8GXRfwZZpxUVUS7F00uX5ZyY"
    "QvFW9cO2ipzIsWS/QrI5f2vuUCpSLxGvVvE1Rfdw+t44lXF++0+QUyPRjqgp2WMZCXQJ5a"
    "NaMPoS6+scBONvwtwnZwVgdcXqs8z/RZMVX6Ex/bWoRKImEYlQ1iJUDfX1JPMT1XxKdIyR"
    "jM9TEfYzZZjCz++pToLYxFya5NKrufsDlmCG0IdlbQYL0OaxPD9DXlidfYYqZtjzHfDU2R"
    "KmKMlhXjxRwPRTsHOA5qmXpi8oSZBGFbpG7ilg52ba6GinrjbTG688ZdHUh+tLnfDqGHoJ"
    "kuodQo8XWBPGxPeirqKyzqV5JfMKm0jv4qR2KLUw2VsvRazEm35NjLCZow5JmOGpoS6eAB"
    "9uDsrBaJcFZBIpwVSASVf1OlM1lH0T05rpUV4rgiK8RxISsEvyNDqnO48oB/KRGTBUUz0t"
    "+LHuR8+y976/iD"
)
