from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

UPGRADE = {
    "sqlite": """
ALTER TABLE "application" ADD "repo_webhook_busy_time" TIMESTAMP;
ALTER TABLE "application" ADD "repo_webhook_url" TEXT;
ALTER TABLE "application" ADD "repo_webhook_next" TEXT;
""",
    "postgres": """
ALTER TABLE "application" ADD "repo_webhook_busy_time" TIMESTAMPTZ;
ALTER TABLE "application" ADD "repo_webhook_url" TEXT;
ALTER TABLE "application" ADD "repo_webhook_next" TEXT;
""",
}

DOWNGRADE = {
    "sqlite": """
ALTER TABLE "application" DROP COLUMN "repo_webhook_busy_time";
ALTER TABLE "application" DROP COLUMN "repo_webhook_url";
ALTER TABLE "application" DROP COLUMN "repo_webhook_next";
""",
    "postgres": """
ALTER TABLE "application" DROP COLUMN "repo_webhook_busy_time";
ALTER TABLE "application" DROP COLUMN "repo_webhook_url";
ALTER TABLE "application" DROP COLUMN "repo_webhook_next";
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE[db.capabilities.dialect]


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    "eJztXVtz2zYW/isYvaTrUTOOYifuZvbBTtzW29TeTdTtbi/DgUhY4ooCVAKyrOnmvy8A3k"
    "mQIkRRpmi8tDGBA0ofoAOcD+fy58AnnreGm5eXS3dM5ggP/gr+HGC4QPwfxcYhGMDlMtUk"
    "njA48WR3uHQtFvebUOZDm/GGe+hRxB85iNq+u2QuEa8ZXIIVRf4LCqQMuCc+gGAB7ZmL0T"
    "tAsLcBLqNgBukMuBTM0ZINAcSOfDpBUxdjF0+5NJhjsuZPwWTzUrzaITZ/N29r9S0r7P6x"
    "QvwLTxGbIZ+/69dfB+JdolEi+Pvv/F8udtAjoqJZ/LmcW/cu8pwMzq4jZORzi22W8tn7Gf"
    "S/lT3FN5pYNvFWC5z0Xm7YjOC4O//C4ukUYeRDhpwU7HjleeEURY+Cz84fMH+F4g/pJA8c"
    "dA9Xnpg8IR18guTZwLJu78bW5+uxZQ0KExtJpGYhfGQTLBaFixmV338BHy0P4Smb8T/fnH"
    "0J3pPgEPQSL/zX5af3319++urN2V/ECwlfWcGauw1bRrLpixwCMhgMIlFPYJb/1wA66r8f"
    "qKMHCdbJ7+JowU7ApTYRYxTg/fvnu1s1vIlEDmDHtRn4H/Bcyo4Q6ApgBRZi5AWlf3hpQL"
    "/68fLfeazff7y7kuAQyqa+HEUOcJUDnvhTS3dlp2V2Wt2hmugK5m0vbr7pea4Nxcey9JR1"
    "UdLgvR1vhB+013RaxmC8HWN5HrLEuUcH5ayUOYRshXnpo3v3UQfiRKKHB49Xb2oA/OpNKc"
    "CiKQuw7SMBhsVclb74wNtEixrqvGz+IBIKv4z+cYzw86/o3HEzJ/xdVcA/vvnx+vP48sd/"
    "ZM4oHy7H16JlJJ9uck+/yk9VPAj4+Wb8PRB/gl/ubq/zR5m43/iXgfhMcMWIxS0sCzopFR"
    "A9jVDLzLwHKbO4xbXb3Bel9zD7HdtDjmSyI0wqZxs9Ll0+3E5znZc1M93lmRYkiuYxOyXS"
    "w01zP6cSQT/dz5XMSERbZeH+lvjIneIf0EaCfsM/IcS26gcUEYU/heMcGdpfouUUPU1+3z"
    "5cx4RdepXxL+8gD7FgXV5+fn/54XogIZ5Ae76GvmNlsBYtZERyT+K+xabFaJF/AjGcSnDE"
    "txCfOeFnYyNzoOZvk/bhFgo327MGiesj/vt3GfE3gM0gAxAwBBfAQUuPbKiKkK0hoSRXyZ"
    "qvKov404RhHYJf+XmZPLhOsPDE0GKGDPVqqNfOqJe2TUzB5umt40SihwC/enNay8Y8rTAy"
    "T/MYpz9ZAegxemRqoHNifeClqk6a1/8eV/Pb8UHz493td1H3POld4AJdn+AFwkzndiEnZq"
    "4YGlwxpHfY+ixWItNLJbNvHkseXeQRRwfmrFQPgR6dn9dAmvcqhVq2KbDW2zJTIgZlDZR1"
    "T34ZIYO0BtIr39M5mqRleoHzoQ8mEsA1mswImVsU2T5SHFC24F8UN0fEhjOBOeI7z0MkbG"
    "ah4SzsooxysmYOGs7BZEU3O12XlI9iLk66fHHCvxam9wFHqn3wUgr34TfYNv1mHBCeqwPC"
    "aunsPPN5WTPzXZl5haoNP32Kco+uonSJ95xcLwyvluj3ivvqzE1g00vru2CYIwO97p11fs"
    "VlLq4/8d/Bp5v346qb6/QdiOc+IN9VuflfhbLf/vAJebDkviNC/EMw0KZHsJddWTSF6jp7"
    "jdFHtBik86YwjfkYfcKnXXeRleMyvke5Jd4iSfOw2llEdLTsuOdWZ5HxDAGEHUDuAcEISE"
    "nxhxyItzChW4LoO8a7esSei+b1jM8o1xfyYSDEkOdR3lZ0L2npHQqHFONionEquKhzKLgo"
    "PxNcnG5zMaHojyLON7iEcAp753B229Oyp23BPBWf4OvRq7O3Zxev35xd8C7yU8ZP3lYgf3"
    "M7zlmzugEh+w0FqYPkYHCQFduS0+VTuQgK9XfNtd+mXOcHzXV0Pop7btX5PwsPP0oWaEKc"
    "DXBc510Sb20TrnGpVLlyxFgry1aulcW/hRafoHt+rC8q+30PrnQ7jDc4oTPyjoV/DpIZEL"
    "pbNKPHJbc0KQcgnpg4kDCBz+Io843KEiHoEuLwlzOQI3BU5R9fzLZS9SP9po4bxjflbhjf"
    "vNm2rcSzXxfpWKCHtv2+dvGj2bXbRHbPG/cuJGSPycfjJRuLPDPfYIluRExaxtzi1AjxF3"
    "hpA9xTPb9/eB9cqANu2N1AW2flOo44bmqt3UTEQFwDYgc9uLbWbXoi0UOAR6d1zoG8V7kP"
    "42nhJMj1qTK4olIDN4mr6DbGLST8gP5U5aJY4RISS/QQ4NejOouY9yqFWLZlMQ64hCLG5X"
    "EqiUSjEJWOndYOHaEC75kqbqIc9ljAoL476t3nio9MXXeFLY4v6FVccfr2voIpdtLdttLE"
    "d+KuDnqevKoD37kMzPjiE5k3KfLFUeodOIlG5FbticjVKahessZAfECZ2NNlRYp4XwP/hn"
    "/DJzMEHeTTEwB9BPgapiiIYKdwI28QJad8IshoMc47+aekpvmgNllIWhg5L8EJZAwtluyE"
    "P11hwViT9W+YcJ2ERYbRNaQA0jlyRNrRCQJr4os/COaS/HMKHRV/BsFuJ94GLwDEdM0/4h"
    "Cc+AhSguUXWs82v2HBaCMphQmu4LtzOQBS4BTY718V+e18ZCMuEHq2yQh9yiBb0ZLG3CPD"
    "dz9tpH56urXsnYxYDzV8K4Fb6EEZ1lyR5fBBHdDcB4T3b/KE+lrnYJgSMTHjDc6GYtsr4n"
    "7lYuhvSiyhUCIH+2TDAofD/gB+FWIYA87xvrq5vfz0H3Xsz5UC86v/jK8v85dp8T5bV50k"
    "Ej3UJ/uP0Q+PbRo3limJw91avmoL3j1fWUZnWR39nJYxCrqBgg7MgyL0VUGakUQfLhQPH5"
    "qZtnMKsG+LyMwJmxv7Tt/Y37vYpbMdJ7sgbKJuuzzXT14coGs/5AMnL83xVU3DwXLJMo8M"
    "+7phYcWl16mMpumwJxUHnQuLqqChc3ng6jgsS5oUgxREgkMN0pNKTjYIH5GEL19OPqMAhs"
    "1AkqwqR+X9DFqHsDW1p54yZaTJgfo0zg0CHQ1wo/49BHf/tAd/+3SKfIsuka1jq+fljL3e"
    "wF63HWvpLpHnYmRt4EKRXqkiJkEh28eVfzqqo1hEt/LVLxvzQQoiO5tecbtExKz6RiwVJS"
    "tf5XtZjn1axoDfAHyPQ0OZJQL0NS3bomQfKMOcthld1FE2o4tyXSPaCpQ4VRqypTcMKQlz"
    "w5C/YTDcjOFmOoN9T7iZG/zgsvJiM6nmYSUz42Y71ig1s/SgjYCLo4oxLBP+vYAbwOA8qu"
    "qdDvUWDn388DuPy4CHlb5V1WnaeYm6oE0q06IswWRYm245wz1JbeWuqa22qRuuG/QyxIf9"
    "ewhuC9SNqfJ7iDUs9zLkWBNdv9mCYA9XtUm5e2j4jzPxap2Uux2rAtu1mT+Sma7lV/EEZW"
    "A7zTf1rQpsx8Cua513tQjsRzJ9P1vh+UBllMeNw0qT3CNTy4771bHIXcSNZRlaRxlactOX"
    "DzEE3GJecG3Alyz4wb16J8xiRIPQs9VignzkgHufLMArYWcjaM+ktNIa3+sLRBCfSBDK0K"
    "P0ssAOFR1OxN8nQ0D8VJSebFjyuUHOCTf27SDYTgwjLH6RYxQ55aY9CxPSqnLGBa3hGhID"
    "WrJR/CWL0osvoxkId+VOSwlipT5UcMPhYu/uGT7ghr8ZjV6/fjs6ff3m4vzs7dvzi9OYJC"
    "42VbHFVzffCcI4oy0jBvlo04y2j//euPnsyq8LaEbI4KrA9d71IyVSH9eskMFVgWuim+vD"
    "mpExqCq1ADdWFzqH/ESih1xJCwygyQvZVwuZaZY6ZE2qGx7TRLYRvxWYAqqjd3lIcyKzY1"
    "BzN21k5Wm6pZjmHZyPmnoddW2lt+R2VMEERdZrUyaoZ2VZhjkqKLXQOkUFiYpWKhYorHRV"
    "QQCFJbXq5WsSTNgLCnyyFlyJSKUvHCZegjH/79dr10HgAXorRAOmhXeQDMrdz7fXnwIxdb"
    "am/QyrZGUihlMZIpNJ5R/0GFYm81+5zqOsrCVrbEkcw/X/0+3NP3+SW36cyR/8/P31p2sg"
    "Lq/B38CL4OOa9P4diMthM5f/4pbQV5ylKmIbMlImi+DuXsZP6F3/zJE3EWnGrek4SY30xy"
    "pgXG4A58T6cEd8aDMYei5U6OpyzGMBg7Y+2h6ZEh2wo/4Ga32sn8DfpNtqu28OJ11Du6nH"
    "iV715lRUSdNqu/0Mw2m36O7ngEQYqHiZqG1Yyc3QVK8arjmU/4aQ87WLJaEiaBJBpQR1SU"
    "qiV7bGxuxlTFNKtwtqeVjFiJiggfZgP77CTUdVcPf4yjYdCN5WijaZQIznGoghPZv4KWC3"
    "uS9Km9k/ptk3YTjPxsnI0CKGFumEfT48kkCczwwtB0ozXzQMq238qEstBwxx+xzExghPlH"
    "dBcMopoEjY3SLMhT8FK0Vcja5wZYhL4I1fDHJJnN/CKhOmtlP1LdlZLWeHswpnh7Otzg66"
    "8RYm1KLKeV19gV5+PdOrC/RD38+Y6ja5+rU1tMXrUUX12kKaS5F2ekeDLi9rShZ0+Uxvyl"
    "M8n7lGjy7js+fohK1lZHba+Ts2ofve+JHvE4WNVr7zxwLGM0N/5ycrtlzpeYimRIyH6O4e"
    "ovzrY1uiU8D+ihAPQVxyF5iWy8c+ccG2Tl/xkwMHP93dfcxgf3WTX9Y//Xh1za03ORG8kx"
    "twFYooYzK14uiwfKRZeZKHjNjhbLXTdvX1QXI91Ajxq1rq5TF+Zp1XrHMT12fi+p5o9zza"
    "uD4Ju4pZjuajglmOpr4esxwUnlITx6m2snJUkhZ20GJJGML2xpqjjYIg5h1DlBF+iHPmZt"
    "wCuEy6X7EtoXjybZlwPsWr6gT3yYXAjzISya2xfcFnEdF9XARzxF6Ay9sPwEdLIrgR3iAR"
    "N0F/B6urUM6Dp1dcXbzTMj3cgFooyhXWf1rCjUegYm1vLx2VEjV2XIMYS8Odt82do6VeCG"
    "skYCoUNVjXjkuXkNkzGYavt3sqRPvAzbUWQF9U6xInDcTzcj1ULCbVeXcUztHd1KyWzs5T"
    "nZc1U93pqQ4KFO5SWa8o2cNdq43KenS1RD5Fzi5VOlSyBvZasPvovoh0+T1p2L0P4B76ln"
    "TiQ2wrIvbKwU4kDN76eDM41QE77G6Q1kfaJouFq8jOVVHwOpboA95t2xgLRCmcanmypkT6"
    "gPChV3RUjV0H8rSMwXwHzD2oH9SeEeoD6m3rkiA1nxVWpd4hq19G1HD+u3OjLlY7zZVrmE"
    "SiDyv90PoFPYpr9QLclc5DsYzxHdLwHVq7bGaVpg2tBDwvekDcoxv1o4U9cmTQhDwtZpa5"
    "Bt55DxqNY4tCtA8q/QB8VRo53cOiSrZ/sLdwZjSBZ8/k3sMEnj2fufaRjdwH1XGhNIohLd"
    "KbIIb9RZtzw83Sqz+ZFjkcoK+OBFB+MFVdmJSHRUb9zdosmGTEn6uy1pQflhIJc0TafkTi"
    "5hVFVpO0W+oRzBba5S3UFnE4nuUjjizVt7xV4sYC17DAYwAh1Ss0URDsg447NKGaBO3U3V"
    "MSCeNbqp93Lgzcahoc2M/s8MNcjGCy1HRDBFPqZbbC86bJ+D+S6XsxTo+wLkRWWD5ZN8Up"
    "yr7XR4zQA8LKqxAdgEQQ6bUYqE8otR6PGyBWFpQb47klMtdCccda8bm8s79Jsje+oOC/ZO"
    "Vj6L0Lcjfyg4lsxSBIhBLUyqSioKYoyuCRKZDKRx3hu9fRK3NHCmoiHxisFR1blRNDeRJQ"
    "2Oqheq9a3k8bHnvAZBjlEbN6xNPBOaf28d8bVzLn30PnVBv17+GZdv+VAXehRkzQzFGwIf"
    "IkqJvANitkctk9cRLbjmF5aErj4HH4HcO77TB8k+zSJLs8chVhEqOZxGhPtMaPNzHazCeM"
    "SWgVPEzUOKymYdLdtpIw35M1IPcMYUDJArEZRxesIeWoucgB1OXLRHIhaz6jvOsETSEO2J"
    "M52gCGPI8CTCbE2YD1DCqKbbbxggaVNzX9T5v4nHaMfDlw7U2brLAiiqD09BL3N1SL6uhy"
    "dHXKDrm2j50cKGzoT7T9yEJbqq0nqsBVse1Exb7qlHQWSSgI5vqcyErMgnB/Ca6/XkDXA2"
    "FlWEQB9JEstizoeLqAngf4Ns24qKqi8z6G3L6tZHJxim9cOwOnLPIVSwwr03AOvuSyfiLx"
    "Neq/Jui+7R1a1xPPLnln+xtkejHUBTstYyAvgTy1a0Y/hLr4xgJ7Mfg7hO3ovA64vFd50e"
    "TzYt3vB762tQiVRMIwKjsE/kNK18RXqOeKZAspGYO5PuZTl81WE4t/fYL1NsaiZN+Uyv4V"
    "NscMoR3BzgoarLdhbRJyPqei5xomZtqR1uXW0Byp0p9oueRdLt2xGOcI10Etv0UXP7hMgt"
    "AUqZt4pKPdm6uhIv60KUZ3/rSvC4lGxn0zhD4Hw/QJpVaJr0vku/ZsoKK+wqZhJfkFk07b"
    "6K9yJBrcaqgOS8/FnbQhx15O0IT5u3SOoSmRHl5gj87Pa5EI5xUkwnmBRFAF61RGRvUU3V"
    "entUocnFaUODgtlDjgb2RIdQ9Xnr0uJWJKemimrXvSi5wv/wc9oHvY"
)
