from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

UPGRADE = {
    "sqlite": """
ALTER TABLE "task" ADD "trace_parent" VARCHAR(55);
""",
    "postgres": """
ALTER TABLE "task" ADD "trace_parent" VARCHAR(55);
""",
}

DOWNGRADE = {
    "sqlite": """
ALTER TABLE "task" DROP COLUMN "trace_parent";
""",
    "postgres": """
ALTER TABLE "task" DROP COLUMN "trace_parent";
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE[db.capabilities.dialect]


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    "eJztXW1z27aW/isYfUnXo2ZsJU7czewH23Fbb1N711a2997kDi9MQhLWFKCSkGVNN/99Af"
    "CdBClCEmmKwZfEInBA8gF4cHBe/xp41HVXcP36fIHH9BGRwb+DvwYEzhH/o9g4BAO4WKSa"
    "xBUGH1zZHS6wxeJ+Dz7zoM14wwS6PuKXHOTbHl4wTMVtBudg6SPvlQ8kDZhQD0Awh/YME/"
    "QBUOKuAWY+mEF/BrAPHtGCDQEkjrz6gKaYEEymnBo8ErriV8HD+rW4tUNtfm/e1uhdlgT/"
    "uUT8haeIzZDH7/Xly0DcSzRKBP/5T/4XJg56Rr5oFj8Xj9YEI9fJ4IwdQSOvW2y9kNcuZ9"
    "D7WfYUb/Rg2dRdzknSe7FmM0ri7vyFxdUpIsiDDDkp2MnSdcMpii4Fz84vMG+J4od0kgsO"
    "msClKyZPUAdPkFwbWNbN7di6vxpb1qAwsRFFahbCSzYlYlFgwnz5/nP4bLmITNmM/3z39l"
    "twnwSHoJe44f+c313+en73w7u3/yZuSPnKCtbcTdgykk3f5BCQwWAQiXoCs/xfA+io/36g"
    "ji4kWCffxcGCnYDr21SMUYD3P+9vb9TwJhQ5gB1sM/B/wMU+O0CgK4AVWIiR577/p5sG9I"
    "ffz/+Wx/ry0+2FBIf6bOrJUeQAFzngqTe1dFd2mmar1R2yia5g3vTi5puei20oHsvSY9ZF"
    "SoP3ZrwRedJe02kag/FmjKU8ZAm5RwflLJURQjbCvPDQBD/rQJxQ9FDwOHlXA+CTd6UAi6"
    "YswLaHBBgWwyp+8ZG3iRY11HnavCASEr+O/jhE+PkrOrf8mBN+VxXwj69/v7ofn//+XxkZ"
    "5eP5+Eq0jOTVde7qD/mpigcBf1yPfwXiJ/jH7c1VXpSJ+43/MRDPBJeMWvyEZUEnxQKiqx"
    "FqmZl3oc8sfuLabu6L1HuY/Y7tIQcy2REmlbONnheYD7fVXOdpzUx3eaaFEkVTzE6R9HDT"
    "3I9UItRPk0elZiRSW2Xh/pl6CE/Jb2gtQb/mTwiJrfqAIkXh53CcA0P7W7ScoqvJ9+3BVa"
    "ywS68y/vIOchEL1uX5/eX5x6uBhPgB2o8r6DlWBmvRQkc0dyXuW2yaj+b5K5DAqQRHvIV4"
    "5kQ/Gx8yB2r9bdI+3KDCzfasocT1EP/+MaPeGrAZZAAChuAcOGjh0rWvUsjWoFAqV+mKry"
    "qLetNEwzoEX7i8TJ+wEyw8MbSYIaN6NarXzrCXpo+YQpunt44Tih4CfPLuuNYZ87jikHmc"
    "xzj9ZAWgx+iZqYHOkfVBL1UlaV79bVyt344FzU+3N79E3fNK74IuEHuUzBFhOtaFHJkxMe"
    "xgYkjvsPW1WAlNL5nMvvVYUnSRIo4OzFmqHgI9Oj2tgTTvVQq1bFNgrbdlpkgMyhoo60p+"
    "GSKDtAbSS8/VEU3SNL3AuW3BRAK4Qg8zSh8tH9keUggoG/AvkhsRcceZIBzxrechIjazsO"
    "MsbMOMcrRmDnacg4elv97KXFI+ijGcdNlwwl+L+JNAR6oteCmJ+/ANNq1+Mw4I36sDwnLh"
    "bD3zeVoz812ZeQWrDZ8+pXKPTFG6ivccXS8OXg2p3yvs1RlL4K5G69tgmAMDva7NOr/iMo"
    "brO/4d3F1fjqss12kbiIufkIdVbv4XIe3Pv90hF5bYOyLEPwYDrXsEe5nJYleorrJmjD6i"
    "xaD/uCtMYz5Gn/Bp1l1k6WDG9yhc4i2SNA+rnUVER8uOe250FhnPEEDEAXQCKEFAUoofci"
    "DewgRvCaLvGO/qUvtRNK9mfEY5v5AXAyKGXNfnbUX3kobuoXBIMS4mGlLBWR2h4KxcJjg7"
    "3uRi4qM/izhfkxKFU9g7hzNujsseNwXzVDzBj6OTt+/fnr159/aMd5FPGV95X4H89c04d5"
    "rVDQjZbyhIHSQHg1ZWbENOly/lIijY3xXnfutynh801+H5KO65kef/ITz8fDpHD9RZAwc7"
    "H5J4a5tyjutLlitHjLmybOVcWfwtuPgDmnCxvsjs9z240u0w3uAEz8g7Fv41SGZA8G7RjJ"
    "4X/KTpcwDiiYkDCRP4LI4y36gsEYIuIQ6/nIEcgaMqf3wz20rVR/pTHTeMn8rdMH56t2lb"
    "iWe/LtIxQQ/P9vvaxQ9m124S2T1v3NsoIXusfDxcZWNRz8w3WKobEZOmMVacGiH+Ai9tgH"
    "vK5/cP7xOGOuCG3Q20dVau4whxU2vtJiQG4hoQO+gJ21rW9ISihwCPjuvIgbxXuQ/jcUES"
    "5PxUGVxRyYF3iavoNsYNJPyA3lTloljhEhJT9BDgN6M6i5j3KoVYtmUxDnQJRYzL41QSip"
    "1CVDomrbUdoQInTBU3UQ57TGBQ3x717uuKD4xdd0VbfEnnc8zuGWTL4C3y+uJMh2GlxtiW"
    "XS0/6VsjqFzYhMFqRn0EAnrgz+jKB7MgBafw6XCEFY9Jfe8v/BLvy0SiTh95QvIagiVh2A"
    "0CzPm6EzZB5Kii0Zu61VfylRwx6jpHIq+oUDaLO73yQYBE0H0FRWJS1wEiG80QHAUx8MLa"
    "fyRJwltwKrKcPyAv1Ft/JUlHTiVtmkfyiSnna4HpUjzhBGIXOcDHxEavwTUTT+KiCQPQFZ"
    "rv4LmPHKHyxnN0tKulU7ygppoiRdI75fTJ6KyOJ9TorNwTSrRV66fF6tECPOzfO3vdm1Et"
    "ca5Cmiue+qJvTO/kl6YyqrcaBxO1S1mpFSDub6z3eSNAxMp1DQFpunaMAW2y5UO3BewkFm"
    "a35+LCuCVoTPk/dd1lt3W1e9GNua63bEocqZHhaTchO/aCVQnYaRfZCuHaSXfbKFffCoc4"
    "6LrSH04lyn4QEmgwIkdBCq5C6KUrAsQDyuz5mBWl6H0NLGXmGYIO8rg8Cz0uM0vBXMrKPl"
    "xLNz0pGB8Jjw8xzgf5U/p/8EG5BC99L7j8DY4gY2i+4JK0TbmkKyX6ryQQkHEgevPZ5uIx"
    "o+ABgRX1xA9KOCV/TqEIiJ9BuJAkLr2vACT+ij8iF709BH1K5AutZuuvRIjMSFIRLmGXO5"
    "XkEm2lwCm4mHxRJJH2kI04QRg+ItNgJQcsRWPuknEqedl0WOnp1hItM2Q9VKM0kh0BPWmK"
    "8DFBDxHev/ge8msd7WuKxCRm2kEBK7a9Iu4XmEBvXWJuCClysD+sWXCk6g/gFyGGMeAc74"
    "vrm/O7v6sD7C8UmF/8fXx1nvdYi/fZuuwkoeghP9l/IqxQbNNQCKQo2lMJnDQF755VApEs"
    "q8Of0zSGQe/AoIPjQRH6qkwoEUUfVIft5z9Jn3MKsG9Ke5IjNm6xnVOFpSd7ggn2Z1tOdo"
    "HYpLbp8ly/eAWurn3ILVcIyOmrsuDr51zIZaQ/MOzrapOLS69TZQM+Skvlr5Q+DtQq6Lh5"
    "uEEJLTpas6hnDf+OIN8hCP2QA/1umP8fQJLWtoY1WtOBe0JzHFRzDQu2qtw6GriDUpGbyz"
    "NtCr92UN1qqg+YOoKHDrOpI9hSHcEHXatMgbCHcJusiW3Df5i580zZRnNwL82FpslXi5Q9"
    "ZKxtZEusrKCjf3bvZ0q6Ye7sXlx9nTq7pydBdXjPTVLF6T23Oupk9JEuTgSk1BvinBycrq"
    "U/VZBfTTpr8eXk8dM0DJuBdJBSZfLZfVDpPSYy+Fu+PUPO0g03idA7S7p9+SBqk6MvhWda"
    "dMVaeJSDMj8SrmbSnytIEcd3HCDG+Urm0BGOXTKSo7Zvl1EJvGQJN6MVeBmtgEBHA9yofw"
    "/B3f9Rld99OkWe5S+QXQS53KyfpzOm/R1M+7ZjLfACuZggaw3ninInFSoDBW0fV/7xqA5j"
    "Ed3KV79szCcNE7p9LY+WFIlZ9Ts5tPh06alyoZRjn6Yx4O8Avsuh8Zm1RZhtkbIP3kWNhd"
    "tmvOd8pc271BkxRWGcEfPOiIrTma4CsGSIVrSAJmhxOyVg/oRdnPNyh0gVbR+YV9uukcaD"
    "ynhQdQb79jyo8ukcpJvS7gVs0q5RPcG+2aIj1+QJMxg+a1FfnWoeVqqrcbZjDV+zhQttBD"
    "ABEDAE52EwcZQ0fg7XgMFHVOIFxo/oImfPRnezZm6iVC+n6zMufX7V6Ja75W62TfXNnYtu"
    "do3LNK1g5rxBr6582L+H4DagYDY+fW2sYbmXbeNyViDs4ao2LmfG5WxfLmfoeYH5aFvNfJ"
    "62hzN/IDNdS9UkJGJNbpoi6YNiqWW9hjyCFNDWV2h8Dsc5LLDrKjJSa6xTfmSf6PRytiTq"
    "CLC4cVh5JHfp1LLjfnVO5Bjxw7LMFeYztOBHXz6ETLE759yAL1nwG774II7FyA9yacnkt8"
    "gBE4/OwYk4ZyNozyS18jS+1xsIvzJRVpSh5ygfsOhwJH4fDQH1UmnHZMOCzw1yjvhh3w6y"
    "h4lhclmIlUf7KEOfqtLcl3RyOjGgJRvFL+kTLV5GM7PXBZ6WmrGU/FBhwQoXe3dl+MCC9d"
    "No9ObN+9Hxm3dnp2/fvz89O45NWcWmKpvWxfUvwqyV4ZaRnetgi5M2j//eLIjZlV8X0AyR"
    "wVWB6wR7EROpj2uWyOCqwDXhzfVhzdAYVJVcgB9WFWbkqiRcEUUPdSUNaABNNcm+npCF2F"
    "qc2nIHjKh/L76btr0ugqOASvQuz9GY0GyZpbGbZ2SlNN1QksYuVCLp1g6xL+fICk2QOr+8"
    "viZo2wzz3Vjme84x354q6NabDlRaIHF9WKkAomGPWgnohSbslQ88UV6JAFGGSDhMvAZj/u"
    "+PK+wg8ATdJfIDTQvvIDUot3/cXN0FZOr08/sZVqmViTScykC+vwYJvmGPoTQaCH0Qf+0Y"
    "+Fhfip1nS5j76YoE40br//PN9X9/lls+33E9KC6BP369ursCwngN/gO8Ch43WCHGw+NFow"
    "fZDPMvbgE9hSxVEYGVoTK1B7ePhXjBGKDvHHkTN2vcmg5TqZF+rALG5QfgHFkfbMStBx+4"
    "GCp4dTnmMYFBWx9tl06pDthRf4O1PtYv4G/SbbbdN4eTrqG9q8fJ3dX9+O76clwvaCYVgL"
    "Nr0Ew/I5aajZq5D5QIA5VeJmobVupm/FSvOomZ+TeEnB8xkQoVoSYRqhQHBUX8tkzFvI8x"
    "dyhLbZQie2PLwyqNiAkaaA72FEcOMprrYJwi6V3Z7/0DHDAmHXwTit7BOzquo0vlvcoLMh"
    "4fm0AME4jR2dy/ZvZNGE43Zv5AZrqrYThdm06jFunC+Xx4IIE49wwtBspjvmgYVp/xoy61"
    "HDCE9TmIjRGeKB+C4JRj4CNx7hZhLvwqWCrianSJK0NcAm/8YpBL4vwWls01xeqrrWRvaz"
    "k7vK1wdni70dlBN97ChFpUOa+rDejl5pleGdDbts+Yct0ZdvFmVINbvBmVMgvRVADY2/Yw"
    "n6c1pVy6LNObervfz1yjZ8z47Dk6YWsZmq12/o5N6L43fuR5VHFGK9/5YwLjmaG/89MlWy"
    "z1PERTJMZDdHsPUf76xJboFLC/oNRFkJTYAtN0+dgnTtiU9BVfaTn46fb2Uwb7i+v8sv78"
    "+8UVP73JieCdcKCrUEQZ06kVR4flI83KkzxkyNo7qx03y69byfVQI8SvaqmXx/iZdV6xzk"
    "1cn4nre6Hd82Dj+iTsKs1yNB8VmuVo6utploMM22rFcaqtrGieVAs7aL6gDBF7bT2itUJB"
    "zDuGKCPyFOfMzbgFcJp0v2JbouLJt2XC+RS3qhPcJxcCF2Ukkhtj+4JnEdF9nIRwxF6B85"
    "uPwEMLKnQjvEEiboL+Wqv+Uq4HT6+4uninaXq4ATVQOjCsUreAa5dCxdreXOAuRWrOcTvE"
    "WBrdedO6c7TQC2GNCEwdtR3WtYP9BWT2TIbh6+2eCtI+6OYaC6AvsnWJkwbieboeMhaT6r"
    "w7DOfgLDXLhbP1VOdpzVR3eqqDMqrb1P8sUvZw12qi/qe/XCDPR842VTpUtAb2WrB7aFJE"
    "utxOGnbvA7htW0kfPEhsRcReOdgJhcFbH28Gpzpgh90N0vpI23Q+x4rsXOUMO6HoA95Nnz"
    "HmyPfhVMuTNUXSB4TbXtELvEDqVOLlkKdpDOZbYO5C/aD2DFEfUG+alwSp+awnLi+rM41s"
    "yuqXITU6/+11o5ionebKOUxC0YeV3jZ/Qc/CrF6Au9J5KKYxvkMavkMrzGZWadrQSsDzpC"
    "3iHlnUDxb2yJFBE/I0mVnmGnjnPWg0xBYFaR9Yegv6qjRyusKiirZ/sDcgM5rAs+/E7mEC"
    "z76fufaQjfCTSlwojWJIk/QmiGF/0eb84Gbp1Z9Mk7QH6MmBAMoFU5XBpDwsMupv1mbhSE"
    "a9R1XWmnJhKaEwItJmEYkfr3xk7ZJ2Sz2C2UK7vIXaIg7HtTzEkfX1T94qcnMC1ziBxwBC"
    "X6/QRIGwDzyudQM7b0WixBIiWsbfPF0fsM/uL6enNfaX09PS/UU05XIRxwFSdVFOKIwfr3"
    "6OvzBIbtdAzH5m4h/m4jGTpaYbjpli5bMledy18MEnOr0U4/QI60IUi+XR1a44RZkO+4gR"
    "ekJEaXbSAUgE7F49oYNMoleKklbsc967yyoLUYtwvSVoTPk/NdC9lCPexwMe1lZfia9uuH"
    "iwyMpixuMluCFw3EJxx1rh47yzt06Si77ywf/SpUeg+yFILcrlZtlKQJCnJyjl6ot6r6Jm"
    "iEunQPJrdQD6XkevTG0qNGf5uHWt4O2qlC1K4UmhSgqXZxVHeNno7RZztZQHdOvpRVtXiT"
    "aP/95UeY/8PXQOAlH/Hh4D9l+4chvNnYnpOghlnRSedfMrZ4lMqsUXzrHcMSzb1ri1niai"
    "Y3g3nSXC5GI1uVgPnEWYvH0mb98LrfHDzds38yhjElqFHiZqHFarYdLdNiphfqUrQCcMEe"
    "DTOWIzji5YQZ+jhpEDfMyXidSFrPiM8q4PaApJoD15RGvAkOv6gNAH6qzBagYVtWCbuMEO"
    "hWE13aN3cYnumPKl5dKwNl2qjLGl0kvc36haVKLLwZXRa3NtH7pyoLChv9D2I+vAqbaeqE"
    "BcxbYT1aKrU3Fc5EihhPNzKguFC4X7a3D14xxiF4SFi5EPoIdkLXChjvfn0HUB36YZJ1UV"
    "HN/HkJu3lUyqWPHGtRPEyhp0McWwMkvs4FsuKS0Sr1H/NkH3TffQMk98d7llm98g04uhLt"
    "hpGgN5CeSpXTP6EOriGxPs5cDfIWxHp3XA5b3Ka3qfFsvSP/G1raVQSSiMRmWLvBTQ91fU"
    "U7DnilwgKRqDuT7mU8xmyweLvz4lehtjkbJvTGX/DJtjhtCWYGcJDdabsDb5Yqvh56/o3B"
    "J3PYhd+w7hjBmu0F2OmGnfY8xPQ49IlZ1Hy4vxfIHHYpwDXAe1XD0xecJMgrArUtfxSAe7"
    "N1dDRb3prhjdetO+LiQ/OtzvhtB9MEyfUGpU8fURLTwkyxB+9tXGl2yPYaUqzIn7Cn2Mrh"
    "0GAhu6LvIAp3WEbypy0RwR6akqzCK+PePH1A/gKOh2BLAv/FsFex3yP4SKAFAP/GsqQvn+"
    "VWWQ2fOdvpKv5JoJV1oXPyE/cLEVnfnQjvwlKTALrTp0MgRLwrAb2Xdm0A8ehXeZ8IFdSq"
    "Y1FXNfBsEzSh1X8BZB2ScX+iys9GQUXpU+LMd1CkDwXuVeLMfHG41C8STVRTuh6KFHwFkd"
    "yM/KET8rVNyI1r4GwimSHkI8qrWsRxXLenRcQHmCvYiraB6cspQ9PDYdyDGplp9usndozn"
    "KG0Exypye5xE+hKh6nl64KLUTldMXMfY48bM+UYn7YVC3fw6TTJrm+fBZ28GFSyavfS/DY"
    "jh415aJpmExaR3JKkfRRcqqVO2JUkTxipMweoYNw2L2H6J7UkktPKuTSk6Jcyu/IlNJ/eS"
    "r1FImpL6mZQ/1F97Nv/w/caqCT"
)
