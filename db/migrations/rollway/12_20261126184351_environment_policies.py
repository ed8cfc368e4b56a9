from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

UPGRADE = {
    "sqlite": """
ALTER TABLE "environment" ADD "priority" SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE "environment" ADD "concurrency" VARCHAR(16) NOT NULL DEFAULT 'queue';
ALTER TABLE "environment" ADD "on_lost" VARCHAR(16) NOT NULL DEFAULT 'fail';
ALTER TABLE "task" ADD "lines_before" JSON;
""",
    "postgres": """
ALTER TABLE "environment" ADD "priority" SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE "environment" ADD "concurrency" VARCHAR(16) NOT NULL DEFAULT 'queue';
ALTER TABLE "environment" ADD "on_lost" VARCHAR(16) NOT NULL DEFAULT 'fail';
ALTER TABLE "task" ADD "lines_before" JSONB;
""",
}

DOWNGRADE = {
    "sqlite": """
ALTER TABLE "environment" DROP COLUMN "priority";
ALTER TABLE "environment" DROP COLUMN "concurrency";
ALTER TABLE "environment" DROP COLUMN "on_lost";
ALTER TABLE "task" DROP COLUMN "lines_before";
""",
    "postgres": """
ALTER TABLE "environment" DROP COLUMN "priority";
ALTER TABLE "environment" DROP COLUMN "concurrency";
ALTER TABLE "environment" DROP COLUMN "on_lost";
ALTER TABLE "task" DROP COLUMN "lines_before";
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE[db.capabilities.dialect]


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    "eJztXVtz2ziW/isovaRXpXbZys09qX2wE3fH20k8GyubmUm6GIiEJKwpgk1SllU9+e+DA9"
    "5JkCJ0M8XgJbEIHJD8AB4cnOtfPY/Z9hKvTi5cOmJ3xOn9Df3Vc/Cc8D/KjQPUw66baYIr"
    "AR7bojt2qREk/cZ+4GEz4A0TbPuEX7KIb3rUDSiD2/Qu0MIn3hMfCRo0YR7CaI7NGXXIK8"
    "Qce4Vo4KMZ9meI+uiOuMEAYccSV8dkSh2HOlNOje4ctuRX0Xh1Are2mMnvzdv2epeFQ/9c"
    "EP7CUxLMiMfv9eVLD+4FjQLBP/7gf1HHIg/Eh2b46d4ZE0psK4cztYBGXDeClSuuvZ5h71"
    "fRE95obJjMXsydtLe7CmbMSbrzF4arU+IQDwfEysDuLGw7mqL4Uvjs/ELgLUjykFZ6wSIT"
    "vLBh8oA6fIL0Ws8wPtyMjNurkWH0ShMbU2RmIbpkMgcWBXUCX7z/HD8YNnGmwYz/fPHse3"
    "ifFIewF9zw/y4+vn578fGnF8/+C27I+MoK19yHqGUomr6LIXCAw0EE6inM4n8FoOP+u4E6"
    "vpBinX4XRwt2Cq5vMhijBO//3N58kMObUhQAtqgZoH8jm/rBEQJdAyxgASPPff9POwvoT+"
    "8v/lHE+vW7m0sBDvODqSdGEQNcFoBn3tRQXdlZmo1Wd8Qm2oL5vhc33/RsamJ4LEONWZcp"
    "Nd7r8SbOvfKaztJojNdjLOQhA+QeFZTzVFoIWQuz65EJfVCBOKXooOBx9qIBwGcvKgGGpj"
    "zApkcADCOgMn7xhrdBixzqIm1REImIT+I/jhF+/orWDT/mRN9VDfyj6/dXt6OL93/PyShv"
    "LkZX0DIUV1eFqz8VpyoZBH2+Hr1F8BP96+bDVVGUSfqN/tWDZ8KLgBn8hGVgK8MC4qsxar"
    "mZt7EfGPzEtdncl6l3MPst20OOZLJjTGpnmzy4lA+30VwXafVMt3mmQYmiKGZnSDq4ae5G"
    "KgH10+ROqhmJ1VZ5uH9lHqFT53eyEqBf8yfEjin7gGJF4adonCND+3u8nOKr6fft4WWisM"
    "uuMv7yFrFJEK7Li9vXF2+uegLiMTbvltizjBzW0MKGrHAl6Vtumg/nxSvYwVMBDrwFPHOq"
    "n00OmT25/jZtH6xR4eZ7NlDieoR//zRg3goFMxwgjAKC58girs1Wvkwh24BCqlxlS76qDO"
    "ZNUw3rAH3h8jK7p1a48GBomCGtetWq19awl30fMUGbp7aOU4oOAnz24rTRGfO05pB5WsQ4"
    "+2QloEfkIZADXSDrgl6qTtK8+seoXr+dCJrvbj78FncvKr1LukDqMWdOnEDFulAg0yaGLU"
    "wM2R22uRYrpekkk9m1HkuILkLEUYE5T9VBoIfPnzdAmveqhFq0SbBW2zIzJBplBZRVJb8c"
    "kUZaAemFZ6uIJlmaTuB8aMFEALgk4xljd4ZPTI9IBJQ1+JfJtYi45Uw4HPGN5yEm1rOw5S"
    "xswowKtHoOtpyD8cJfbWQuqR5FG07abDjhr+X4k1BHqix4SYm78A3uW/2mHRB+VAeEhWtt"
    "PPNFWj3zbZl5CauNnj6jco9NUaqK9wJdJw5ee1K/19irc5bAbY3WN+EwRwZ6U5t1ccXlDN"
    "cf+Xfw8fr1qM5ynbWB2PSeeFTm5n8Z0f76+0di4wp7R4z4m3CgVYdgrzJZbAvVVd6M0UW0"
    "AuzfbQvTiI/RJXz26y6ysGjA9yha4S2SNg/qnUWgo2EmPdc6i4xmBBHHQmyCmEOQoIQfYi"
    "DeEgBvCaPvAt7VZuYdNC9nfEY5vxAXQ6KA2LbP28ruJXu6h8QhRbuYKEgF502EgvNqmeD8"
    "dJ2LiU/+LON87VQonKLeBZzp/rjs6b5gnsIT/Dw8e/by2fnTF8/OeRfxlMmVlzXIX38YFU"
    "6zqgEhuw0FaYJkr3eQFbsnp8vHchEE9nfFud+qmueHzU14Pkl6ruX5n8HDz2dzMmbWClnU"
    "epXGW5uMc1xfsFwxYsKVRSvnyvA3cPExmXCxvszsdz241O0w2eCAZxQdC//qpTMAvBuayY"
    "PLT5o+ByCZmCSQMIXP4CjzjcqAEHQBcfTl9MQIHFXx47veVuo+0l+auGH8Uu2G8cuLddtK"
    "MvtNkU4IOni239UufjS79j6R3fHGvYkSssPKx+NVNpb1zHyDZaoRMVkabcVpEOIPeCkD3F"
    "E+v3t47ylWATfqrqFtsnItC8RNpbWbkmiIG0BskXtqKlnTU4oOAjw8bSIH8l7VPoynJUmQ"
    "81NpcEUtB94mrqLdGO8h4Qf2pjIXxRqXkISigwA/HTZZxLxXJcSiLY9xqEsoY1wdp5JSbB"
    "Wi0jJp7dARKngSyOImqmFPCDTqm6Pefl3xkbHrtmiLX7P5nAa3AQ4W4VsU9cW5DoNajbEp"
    "uhp+2rdBUDnYhNFyxnyCQnrkz9jSR7MwBSf4dFhgxQuEvvc3fon3DSBRp088kLwGaOEE1A"
    "4DzPm6A5sgsWTR6Pu61Vfnq9MPmG31Ia8oKJvhTk98FCIRdl9iSExqWwiy0QxQP4yBB2t/"
    "X5BEt+BUzmI+Jl6kt/7qpB05lbBp9sUTM87XQtMlPOEEU5tYyKeOSU7QdQBPYpNJgLANmu"
    "/wufsWqLzpnPS3tXTCCyqqKTIknVNOnw3Pm3hCDc+rPaGgrV4/DatHCfCof+fsdU+HjcS5"
    "GmmufOqLvzG1k1+WSqveGhxM5C5llVaApL+23heNADErVzUEZOkOYww4JFs+dlvAVmJhfn"
    "suL4wbh4wY/6epu+ymrnaPujE39ZbNiCMNMjxtJ2QnXrAyATvrIlsjXFvZbmvl6htwiMO2"
    "LfzhZKLsK5BAwxE5CkJwBaGXLR0EDyiy59OgLEXvamAhM88ItojH5VnscZlZCOZCVvbxSr"
    "jpCcG4Dx4fMM4r8VP4f/BBuQQvfC+4/I36OAjI3OWStMm4pCsk+q9OKCDTUPTms83F44Ch"
    "MUFL5sEP5nBK/pygCEieAVxIUpfeJwg7/pI/Ihe9PYJ95ogXWs5WXx0QmYmgcriEXe1UUk"
    "i0lQGn5GLyRZJE2iMm4QRR+IhIg5UesCSNhUvaqeRx02Flp1tJtMyRdVCNspfsCOReUYRP"
    "CDqI8O7F94hfq2hfMyQ6MdMWCljY9sq4X1IHe6sKc0NEUYB9vArCI1V3AL+MMEwA53hfXn"
    "+4+PhPeYD9pQTzy3+Ori6KHmvJPtuUnaQUHeQnu0+EFYltCgqBDMXhVAJn+4J3xyqBWJZV"
    "4c9ZGs2gt2DQ4fGgDH1dJpSYoguqw8PnP8mec0qwr0t7UiDWbrGtU4VlJ3tCHerPNpzsEr"
    "FObdPmuX70Clxt+5APXCGgoK/Kg6+ec6GQkf7IsG+qTS4vvVaVDXgjLJVvGbvryVXQSfNg"
    "jRIaOhqzuGcD/44w3yGK/JBD/W6U/x9hJ6ttjWq0ZgP3QHMcVnONCrbK3Dr2cAepIreQZ1"
    "oXfm2hulVXH9B1BI8dZl1H8EB1BMeqVpkSYQfh1lkTDw3/cebO02Ub9cG9MheaIl8tU3aQ"
    "sR4iW2JtBR31s3s3U9INCmf38upr1dk9Owmyw3thkmpO74XV0SSjj3BxclBGvQHn5PB0Lf"
    "ypwvxqwlmLLyePn6Zx1IyEg5Qsk8/2gwrvMT6x5sLziGOu+gPUdz3KPBqs+oK4z+fQ5gwO"
    "YiVsC1y+LMjwhr5Z45MQ+W8nqA9FAAzfnBFrYUf7TOTgRfgdQDcQN4onXIB3W3zFcD3GgZ"
    "33wV1N+ISFaeb4roVgIDTHFviGiWCQxu5hWqvwmFXgtGLhcRQLgI4CuHH/DoK7+9Muv/t0"
    "SjzDd4lZBrnaM6BIp70DtvAOMC3DpS6xqUOMFZ5LKqbUaB0ktF1c+afDJowFulWvftFYzD"
    "sG5gElp5gMiV71W/nE+GzhydKpVGOfpdHgb8NyUvFYidvkyQ4YPMq7LkjvSHfZ+PRRhvp2"
    "jm270qExS9eZIMenw5cvEmdG+FHnx3j7/uLdu7IzY3R+U1m6GZIDLluIvD/WVWtzMPzA2C"
    "Cav0zZBSfGvUX155x0falrTSWLyFBon+cim5BocFTtDBVDHMTYoGOjN7M1FJVw5Tmv9ruW"
    "0XaBeR3aA1s7ampHzdZgfzhHzWLWGOENuX2drKwHZkew329to2vnngY4etayWSzTPKi1it"
    "F8xwYura6NTYKogzAKCJ5HOQvi2hRzvEIBviMVzqY2dSA12Fqv1v3cRGqCypaBXfj8qrY/"
    "tcurdZMiv1vX9m0bl9m3EYrzBiWA4/4dBHcPRijtOnyINSz2sk08W0uEHVzV2rNVe7buyr"
    "OVPLiUj7bRzBdpOzjzRzLTjVRNIBErctMMSRcUSwfWa4gjSAltdYXGp2ic4wK7qSIjs8Za"
    "5a76jk1fzxaOPNA0aRzUHsltNjXMpF+TEzkl/LAsUhL6AXH50ZcPITJ5zzk34EsW/U4vX8"
    "GxmPhhyj6RY5tYaOKxOTqDczbB5kxQS0/jO70BuK9C9eKAPMRpx6FDH373B4h5meyGosHl"
    "c0OsPj/sm2GSQhimkOxcerSPE4HKClp+yebAhAEN0Qi/ROgFvIxiAsFLOq00Y0n5ocSCFS"
    "329srwoQXrl+Hw6dOXw9OnL86fP3v58vn5aWLKKjfV2bQur38Ds1aOW8Z2rqOtgbx//Hdm"
    "Qcyv/KaA5og0rhJcJ9SLmUhzXPNEGlcJrilvbg5rjkajKuUC/LAqMSPX5fqLKTqoK9mDBl"
    "AXre3qCRnE1vLUVjtgxP078d0c2usiPArIRO/qVLApzYbJYNt5RpZK03vKBduGgkft2iF2"
    "5RxZowmSl7FQ1wRtWsiiHct8x6UsDqcKuvGmPZkWCK4PahVALOrRqM4FaMKe+MiDKm4Ogm"
    "pn4DBxgkb835+X1CLoHtsL4oeaFt5BaFBuPn+4+hiSyatc7GZYqVYm1nBKg33/6qX4Rj0G"
    "wmgA+iD+2gnwib6UWg8GmPvZ0gnHjdf/pw/X//tJbPl8x/UwXEKf3159vEJgvEb/jZ6Ejx"
    "uuEO3h8agRxsGM8i/OxZ5ElqqJ0sxR6RKnm8dLPWKc4A+OvI6t125Nx6nUyD5WCePqA3CB"
    "rAs24oMHH9gUS3h1NeYJgUZbHW2bTZkK2HF/jbU61o/gb9Jutt01h5O2ob2tx8nHq9vRx+"
    "vXo2ZBM5kAnG2DZroZsbTfqJnbUInQk+ll4rZBrW7Gz/Rqkv+df0PE+pk6QqECahJQpVgk"
    "rBW6Ycb3XYwp0czosJdWhb3ooIGDnBCjwgkqGGdIDphpo3ekAIeMSQXflKJz8A5Pm+hSea"
    "/quq+npzoQQwditDbFuJ59HYbTjpk/kpluaxhO26ZTq0XacD4fHEkgzm1A3J70mA8Ng/oz"
    "ftylkQMGWJ/D2BjwRHkVBqecIp/AuRvCXPhVtJDE1agS14a4hN745SCX1Pktqs6tFtLyw5"
    "3rz541cnZ4VuPs8Gyts4NqvIUOtahzXpcb0KvNM50yoB/aPhNxEQVGkVJ0AvA8u3g6bMAt"
    "ng4rmQU0lQD2Nj3MF2l1xag2y/S6rPePM9fkgQZ89iyVsLUczUY7f8smdNcbP/E8JjmjVe"
    "/8CYH2zFDf+dkicBdqHqIZEu0hurmHKH99xxTolLC/ZMwm2KmwBWbpirFPnHBf0ldy5cDB"
    "Tzc373LYX14Xl/Wn95dX/PQmJoJ3oqGuQhJlzKZGEh1WjDSrTvKQI+tMPYOD5HpoEOJXt9"
    "SrY/z0Oq9Z5zquT8f1PdLuebRxfQJ2mWY5no8azXI89c00y2GGbbniOGoTpUCJy8yZqNw5"
    "Y0vEJgGBvMlL5t0RDy2xj6b0Hty/ghPUFzmajDGZ8OXWBx+xARqv0rxOYk0MxDgcgdVXJ8"
    "zpJLIqsynvb4nqoEI3Hd0gHEvcB+rP1Nb6FJpqi8xdFkCJJeOOrCQ6a94xmnji3CdpfHOe"
    "Cpwm26/clmqdim25CMMGtxKPvC4KEYIQxYJdYhrANA3SOEQxeiECMXw8iEF0iWNxgifo4s"
    "Mb5PGpBA0ObxDrovd9/fM2iY8Uj8alwexjVYdHpg/HSZyah9OmhAMV0Kk2JWSXbVO8szQd"
    "3MP3UKE1Kgbq4pXNsGRtr68jmiHVR+EtwlS1+WHf5gfiqkUBxwS6XOUW69qivosDcyYyGa"
    "jtnhLSLqg395aDoMzWBU4KiBfpOshYdLb49jCcozN2LVxr46ku0uqpbvVUh9WqNymhWqbs"
    "4K61jxKq/sIlnk+sTQqdyGg17I1g98ikjHS1qTnq3gVwD21oHnvYMSVBj9VgpxQab3W8Az"
    "xVATvqrpFWR9pk8zlVKuqeUnQB732fMebE9/FUyRk4Q9IFhA+9ol3qEnk29mrIszQa8w0w"
    "t7F6XoAcURdQ3zcvCbMbGvdcXpYna1mXGDFHqnX+m+tGqSP3O6zmMClFF1b6ofkLeQDPhB"
    "Lctf5XCY12v1Jwv1rSYGZUZl6tBbxIekDcY4v60cIeOzIoQp4l08tcAe+ix4+C2CIh7QJL"
    "P4C+KoucqrAoo+0e7HuQGXXs3g9i99Cxez/OXHvEJPReJi5UBoJkSToTB7K7Gn4ZH2SVc3"
    "WRTh+qt6g6wA/PhloZ1SzJ4Rb12ZEsauGEr4Bm0l/zh9KxWAQWqAisKYUWU9eLqfyI6xNj"
    "m+xx8hG0GNNmMcaEcDLb8AhH1lfXfsjItRZEQQuSAIh9tXopJcIu8LiDOznwVgKVwoijZI"
    "Av0nUB+/z+8vx5g/3l+fPK/QWaCim1kyC1piinFNqXWj1VZRRYuW08cTcLSgwKYcXpUlON"
    "Ks6w8tnCudu2fsc7Nn0N43QI61IkkeGx5bY4xQk7u4gRuSeO1PSnAhDEnV/dk6PMBVmJkl"
    "IIf9HDzqgKE4xxvXHIiPF/GqD7Wox4mwx4XFt9Lb6qWQ/CRVaV+iBZgmvyHxgk6dgoCwLv"
    "7K3SHLlPfPT/bOE52H4VZsjlcrNodVCYbiqsSAypDJK0BYJfy/Mo7HT02gy9oDkr5jpQCq"
    "CvyzwkFZ4kqqRoedZxhMeNoD9gyqHqoHo1vejBVaL7x39nqrw7/h4qB4G4fwePAbuvv7qJ"
    "5k7H1R2Fsk4Iz6ppwvNEOmPoI6cKbxmWh9a4HTxVR8vw3nemDp1SWKcUPnIWodNP6vSTj7"
    "TGjzf95MxjQSCglehh4sZBvRom222tEuZtklTSZ3MSzDi6Itsjx5lYyKd8mQhdyJLPKO86"
    "JlPshNqTO7JCAbFtHzlszKwVWs6wpKTxPm6wRX1jRRf1bdzSW6Z8OXCFY5MtZMbYSukl6a"
    "9VLTLR5eiqQR5ybR+7cqC0oT/S9iPKGcq2nrjOYc22E5dUXL/lXCDIU8Mczs+ZqHcPCvcT"
    "dPXzHFMbRfW3iY+wR0RJe1DH+3Ns24hv0wEnLW8yuxly/baSS9cLb9w4Sa8opZhQDGoz9Z"
    "YSAxN4jea3Cbuvu4eSeeKHy++7/w0yuxiagp2l0ZBXQJ7ZNeMPoSm+CcFODvwtwnb4vAm4"
    "vFd1afrnJXjxPV/bSgqVlEJrVDbIDYJ9f8k8CXuuyceSodGYq2M+pcFsMTb46zNHbWMsU3"
    "aNqeyeYXPMCNkQ7Dyhxnod1jpnbz38/BWtG8de9RLXvmM4Y0YrdJsjZtb3mPLT0B2RZUhS"
    "8mK8cOkIxjnCddDI1ZM69zQQIGyL1HUy0tHuzfVQMW+6LUY33rSrC8mPD/fbIXQbDtMllP"
    "aq+PosQkzfY3MGqQtlGrB8j0GtKiwMWDXmmc4NlGJRxS3Cm5cz4hEUzHCAfJfgOx+9HY3+"
    "/jfwVWUO+K3i+QAxT/iu2jYKu/ehRAQ8tigWBm8o05Pt4S5QpuxmIow4HplSeFN4KyR2Do"
    "QdSzRxkcEiTkCxzUe3V1CdbJbRyJ2gfrT2xcBg6gEj0FfH9ZjJG8LnhKcHc9AS+pj8qYgF"
    "qrxvYM87CV/tW7Wzbvzo0CFU3G3jsatVYjtXiamqw3SdKwV5P7v6mwKcpemC9mDvwfd4zD"
    "lrGeGatCcJhS6xtE0VbdhrlFOh5ak0w167vkPAtjFGy0fooP7gSPQFjRzWU9lN+ROTkGrV"
    "3LrPzPXIhEqCA2oygCcU3dumdx9b46fH48bu6ylJ9xDe/QqO0qOrIJwh0Qg3SEdqM1lweX"
    "X8UNxfRwZI0vdE9gzlmlslQr10teVJW56qBEkb+5Blkp8ANkpMV6LWSenadmxoiyvrG8JF"
    "YhOm/ZMv1+jnewxqNfpW0hc8LJtp9NPABxyqqj3EaS3INkFsMueHItCsQ6CDb87IHL9C/b"
    "CbUIDjUH0+4H+A0x/o4b9NITnft7oQix3fCTT71wEkx7DpPfHDpBmJVh9+CQoaRHEabDJA"
    "C37Ys+OIDX7kCx+Fd5nwgW3mTBu62n7phc8IvaO3AA/YLyEXEB/3H1pfXxuVetqkrDbvVR"
    "2Xenq6NswjmaTGIlNC0UG1/XkTyM+rET8v1TGP174CwhmSDkI8bLSshzXLenhaQnlCvZir"
    "KAolecoOiqPHLpGU5M+NRU89yUcxyRWRh3UZtjoZfHiAPFttkfYviEfNmVTMj5rq5Xucdl"
    "on11fPwhZRyTJ59UdJB7elEq9aNH0EHXTrOEEhCKhJNuhhTTrooTQftArCUfcOonvWSC49"
    "q5FLz8pyKb9jIJX+qz1KMiTapUTRpeRR97Pv/wG/g5go"
)
