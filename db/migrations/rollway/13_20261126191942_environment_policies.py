from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

UPGRADE = {
    "sqlite": """
ALTER TABLE "environment" ADD "concurrency" VARCHAR(16) NOT NULL DEFAULT 'queue';
ALTER TABLE "environment" ADD "priority" SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE "environment" ADD "on_lost" VARCHAR(16) NOT NULL DEFAULT 'fail';
ALTER TABLE "task" ADD "lines_before" JSON;
""",
    "postgres": """
ALTER TABLE "environment" ADD "on_lost" VARCHAR(16) NOT NULL DEFAULT 'fail';
ALTER TABLE "environment" ADD "concurrency" VARCHAR(16) NOT NULL DEFAULT 'queue';
ALTER TABLE "environment" ADD "priority" SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE "task" ADD "lines_before" JSONB;
""",
}

DOWNGRADE = {
    "sqlite": """
ALTER TABLE "environment" DROP COLUMN "concurrency";
ALTER TABLE "environment" DROP COLUMN "priority";
ALTER TABLE "environment" DROP COLUMN "on_lost";
ALTER TABLE "task" DROP COLUMN "lines_before";
""",
    "postgres": """
ALTER TABLE "environment" DROP COLUMN "on_lost";
ALTER TABLE "environment" DROP COLUMN "concurrency";
ALTER TABLE "environment" DROP COLUMN "priority";
ALTER TABLE "task" DROP COLUMN "lines_before";
""",
}


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE[db.capabilities.dialect]


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE[db.capabilities.dialect]


MODELS_STATE = (
    "eJztXVtz2ziW/isovaRXpXbZys09qX2wE3fH20k8GyubmUm6GIiEJKwpgk1SllU9+e+DA9"
    "5JkCJ0M8XgpTsmcHj5AB0cfDiXv3oes+0lXp1cuHTE7ojT+xv6q+fgOeH/KDcOUA+7bqYJ"
    "rgR4bIvu2KVGkPQb+4GHzYA3TLDtE37JIr7pUTegDB7Tu0ALn3hPfCRk0IR5CKM5NmfUIa"
    "8Qc+wVooGPZtifIeqjO+IGA4QdS1wdkyl1HOpMuTS6c9iSX0Xj1Qk82mImfzZv2+tTFg79"
    "c0H4B09JMCMef9aXLz14FjQKBP/4g/+LOhZ5ID40w5/unTGhxLZyOFMLZMR1I1i54trrGf"
    "Z+FT3hi8aGyezF3El7u6tgxpykO/9guDolDvFwQKwM7M7CtqMhii+F784vBN6CJC9ppRcs"
    "MsELGwYPpMM3SK/1DOPDzci4vRoZRq80sLFEZhSiSyZzYFJQJ/DF98/xg2ETZxrM+J8vnn"
    "0Pn5PiEPaCB/7fxcfXby8+/vTi2X/BAxmfWeGc+xC1DEXTd3ELHODwJgL1FGbxfwWg4/67"
    "gTq+kGKd/i6OFuwUXN9kcI8SvP9ze/NBDm8qUQDYomaA/o1s6gdHCHQNsIAF3Hnu+3/aWU"
    "B/en/xjyLWr9/dXApwmB9MPXEXcYPLAvDMmxqqMzsrs9HsjtREWzDf9+Tmi55NTQyvZagp"
    "67Kkxns93sS5V57TWRmN8XqMhT1kgN2jgnJeShsha2F2PTKhDyoQpxIdNDzOXjQA+OxFJc"
    "DQlAfY9AiAYQRUpi/e8DZokUNdlC0aIpHwSfyPY4Sff6J1w7c50e+qBv7R9fur29HF+7/n"
    "bJQ3F6MraBmKq6vC1Z+KQ5XcBH2+Hr1F8Cf6182Hq6Ipk/Qb/asH74QXATP4DsvAVkYFxF"
    "dj1HIjb2M/MPiOa7OxL0vvYPRbtoYcyWDHmNSONnlwKb/dRmNdlNUj3eaRBhJF0czOiHRw"
    "0dyNVQL00+ROyozEtFUe7l+ZR+jU+Z2sBOjX/A2xY8p+QDFR+Cm6z5Gh/T2eTvHV9Pft4W"
    "VC2GVnGf94i9gkCOflxe3rizdXPQHxGJt3S+xZRg5raGFDVriS9C03zYfz4hXs4KkAB74C"
    "3jnlZ5NNZk/O36btgzUUbr5nAxLXI/z3TwPmrVAwwwHCKCB4jizi2mzlywjZBhJScpUt+a"
    "wymDdNGdYB+sLtZXZPrXDiwa1hhDT1qqnX1qiXfW8xgc1Tm8epRAcBPntx2miPeVqzyTwt"
    "Ypx9sxLQI/IQyIEuiHWBl6qzNK/+MarntxND893Nh9/i7kXSu8QFUo85c+IEKqcLBTF9xL"
    "DFEUN2hW3OYqUynVQyu+axhOkiTBwVmPNSHQR6+Px5A6R5r0qoRZsEa7UlMyOiUVZAWdXy"
    "ywlppBWQXni2immSlekEzoc2TASASzKeMXZn+MT0iMRAWYN/WVybiFuOhMMR33gcYmE9Cl"
    "uOwibKqCCrx2DLMRgv/NVGxyXVd9EHJ20+OOGf5fiTkCNVNrykwl34De6bftMOCD+qA8LC"
    "tTYe+aKsHvm2jLxE1UZvn6Hc46MoVeK9INeJjdee6Pea8+rcSeC2h9Y34W2ODPSmZ9bFGZ"
    "c7uP7Ifwcfr1+P6k6us2cgNr0nHpW5+V9Gsr/+/pHYuOK8I0b8TXijVYdgrzqy2Baqq/wx"
    "RhfRCrB/ty1MI36PLuGzX3eRhUUDvkbRCm+RtHlQ7ywCHQ0z6bnWWWQ0I4g4FmITxByChC"
    "T8IW7EWwLQLWH0XcC72sy8g+bljI8o1xfiYigUENv2eVvZvWRPz5A4pGgXEwWr4LyJUXBe"
    "bROcn65zMfHJn2Wcr50KwinqXcCZ7k/Lnu4L5im8wc/Ds2cvn50/ffHsnHcRb5lceVmD/P"
    "WHUWE3qxoQsttQkCZI9noHmbF7crp8LBdBUH9XXPutqnV+2NxE55Ok51qd/xk8/Hw2J2Nm"
    "rZBFrVdpvLXJuMb1hcoVd0y0smjlWhn+DVp8TCbcrC8r+13fXOp2mCxwoDOKjoV/9dIRAN"
    "0NzeTB5TtNnwOQDEwSSJjCZ3CU+UJlQAi6gDj65fTEHTiq4o/velmp+5H+0sQN45dqN4xf"
    "XqxbVpLRb4p0ItDBvf2uVvGjWbX3ieyOF+5NSMgOk4/HSzaWeWa+wDLViJisjD7FaRDiD3"
    "gpA9xRPb97eO8pVgE36q6hbTJzLQvMTaW5m4poiBtAbJF7aiqdpqcSHQR4eNrEDuS9qn0Y"
    "T0uWINen0uCKWg28TVxFuzHeQ8IP7E1lLoo1LiGJRAcBfjpsMol5r0qIRVse45BLKGNcHa"
    "eSSmwVotIya+3QESp4EsjiJqphTwQ06puj3n6u+MjUdVvY4tdsPqfBbYCDRfgVRb4412FQ"
    "yxiboqvhp30bBJXDmTBazphPUCiP/Blb+mgWpuAEnw4LTvECwff+xi/xvgEk6vSJB5bXAC"
    "2cgNphgDmfd3AmSCxZNPq+HvXV+er0A2ZbfcgrCmQzPOmJj0Ikwu5LDIlJbQtBNpoB6ocx"
    "8HDa3xci0SO4lLOYj4kX8dZfnbQjlxJnmn3xxozrtfDoEt5wgqlNLORTxyQn6DqAN7HJJE"
    "DYBuY7fO++BZQ3nZP+tied8IGKNEVGpHPk9NnwvIkn1PC82hMK2ur5aZg9SoBH/Tt3Xvd0"
    "2Micq7Hmyru++DemtvPLSmnqrcHGRO5SVnkKkPTXp/fFQ4BYlaseBGTlDnMYcEi1fOxnAV"
    "uZhfnluTwxbhwyYvw/Td1lN3W1e9SFuam3bMYcaZDhaTsjO/GClRnYWRfZGuPaynZba1ff"
    "gEMctm3hDyczZV+BBRrekaMgDFcwetnSQfCCIns+DcpW9K5uLGzmGcEW8bg9iz1uMwvDXN"
    "jKPl4JNz1hGPfB4wPu80r8Kfw/+E25BS98L7j9jfo4CMjc5Za0ybilKyz6r05oINPQ9Oaj"
    "zc3jgKExQUvmwR/M4ZL8PYEISN4BXEhSl94nCDv+kr8iN709gn3miA9azlZfHTCZiZByuI"
    "Vd7VRSSLSVAafkYvJFkkTaIybhAlH4iEiDlW6wJI2FS9qp5HHTYWWHW8m0zIl1kEbZS3YE"
    "cq9owicCHUR49+Z7pK9V2NeMiE7MtAUBC8teGfdL6mBvVXHcEEkUYB+vgnBL1R3ALyMME8"
    "A53pfXHy4+/lMeYH8pwfzyn6Ori6LHWrLONlUnqUQH9cnuE2FFZpsCIZCROBwlcLYveHdM"
    "CcS2rIp+zspoBb2Fgg63B2Xo6zKhxBJdoA4Pn/8ku88pwb4u7UlBWLvFto4Kyw72hDrUn2"
    "042CVhndqmzWP96BW42vZDPnCFgAJflQdfPedCISP9kWHflE0uT71WlQ14I04q3zJ215NT"
    "0EnzYA0JDR2NWdyzgX9HmO8QRX7IIb8b5f9H2MmyrVGN1mzgHjDHYTXXqGCrzK1jD0+QEr"
    "mFPNO68GsL6VZdfUDXETx2mHUdwQPVERyrnsqUBDsIt86aeGj4jzN3ni7bqDfulbnQFPVq"
    "WbKDivUQ2RJrK+io7927mZJuUNi7l2dfq/bu2UGQbd4Lg1Szey/MjiYZfYSLk4My9Absk8"
    "PdtfCnCvOrCWctPp08vpvGUTMSDlKyTD7b31R4j/GBNReeRxxz1R+gvutR5tFg1RfCfT6G"
    "NldwECthW+DyZUGGN/TNGp+EyH87QX0oAmD45oxYCztaZyIHL8KfANxA3CjecAHebfEVw/"
    "UYB3beB3c14RMWppnjqxaCG6E5tsA3TASDNHYP06zCY1aB08TC4xALgI4CuHH/DoK7+90u"
    "f/p0SjzDd4lZBrnaM6Aop70DtvAOMC3DpS6xqUOMFZ5LKqbUsA4S2S7O/NNhE8UC3apnv2"
    "gsOAosHN9QSzeREelc8NzzsybRc7xXJciirZjbDY5glByPMiJas2zld+SzhSdLWVONfVZG"
    "g7+NWk+3IEoaPS92QB3Duy7IYRTN7i2ZeIdXhvp2jm270mk0K9eZQNKnw5cvEodR+KPOV/"
    "T2/cW7d2WH0WiPrDJ1MyIHnLaQ3eBYZ63NwfADY4OMCWXJLjiK7i1zQs4R2pe6L1WqiIyE"
    "9isvqgkJS6Z6llNxi4Mc6Oj4883Oc4pEZ3nMq33bZbJdUF6H9nLXzrDaGbY12B/OGbaYmU"
    "d4nG5fiyzr5doR7PdbP+rauacBjt61fPSYaR7UnjzSfMcGbsOujU2CqIMwCgieR3kh4vof"
    "c7xCAb4jFQ69NnUg/dpaz+H9PER6zJcttbvw+VV9xtcuz+FNCilvXT+5bVpm3wd9XDcoAR"
    "z37yC4ezjo0+7Zh5jDYi3bxHu4JNjBWa29h7X38K68h8mDS/ndNhr5omwHR/5IRroR1QQW"
    "saI2zYh0gVg6MK8htiAltNUJjU/RfY4L7KZERmaOtcol+B0zsf0Zshh6Pdm+PNs+qN2Y29"
    "DTWKZdG2zNw95RVnP+bx+Nw90x7K3G2Cdh/U2+c/aF76vwu4WUkbDH9gdoOaPgTytSlM8I"
    "R0Na3XmPz9EVntugnQY1m3GOArGV3IlSCe3QsoVDi4i58gnfEW4csZWT1nZX6+yuklXwaI"
    "vY9PVs4cgzUiSN65avqWEm/ZrQypSYJMxd7AfEfeIjfgtR8mPOoeWaDf1OL18Bt8sXFZHb"
    "VxTjIBaaeGyOzoAsJticCWkppbzTB0CcywjqiZCHuD4JdOjD3/0BYl4mDbJocPnYEKuPGD"
    "fbwrIi/DaFqihSfjrOGC6rfP0lmywbbmiIRvhL/OLhYxQzDV/SaaUvhnTVlLhhRAtgexfN"
    "0A3jl+Hw6dOXw9OnL86fP3v58vn5aeKPUW6qc8y4vP4NfDNyyiJ21qheSnXZ5V25weRnfl"
    "NAc0IaVwmuE+rFSqQ5rnkhjasE11Q3N4c1J6NRlWoBj28vVXaBqUQHCf89HGPp6vZd2m7k"
    "hpabreWhrfYijPt34ndzaNfBcCsgM72rc8anMhtmjW8n0Su1pveUNL4NlRHbtULsysO/5j"
    "hDXu9K/Thj04pX7ZjmO655dTgq6Mab9mQsEFwf1BJALOrRqCAWHOc88ZEH5V4dBGVR4aTg"
    "BI34f39eUouge2wviB8yLbyDYFBuPn+4+hiKycth7ea2UlYmPqaTZgX5q5fiG/UYiJNv4I"
    "P4ZyfAJ4d+1HowwGeNLZ3wvvH8//Th+n8/iSWfr7gehkvo89urj1cIPLDQf6Mn4euGM0Sf"
    "jDxqKpJgRvkvzsWexJaqSeeQk9K10Dc/I3nEYPcfHHmdhEf75h4nqZF9rRLG1RvgglgXHJ"
    "0OHkFnUyzR1dWYJwIabXW0bTZlKmDH/TXW6lg/gtNku9V217wm24b2tm6TH69uRx+vX4+a"
    "RX5moki3jfzsZtjtfkM/b0MSoSfjZeK2QS0342d6NSkUw39DxPqZOoJQAZoEqBSLhEXFNy"
    "wNs4t7anfRNqjlQR0joiPf9gd7RiOHFZZUMM6IdC6T4u4BDhWTCr6pROfgHZ424VJ5r+oC"
    "8aenOppQRxO2thaJHn0dS9qOkT+SkW7kZKRpEU2LtGJ/PjiSaNLbgLg96TYfGgb1e/y4Sy"
    "MHDDh9DmNjwBPlVRiccop8AvtuCHPhV9FCElejKlwb4hJ645eDXFLnNz5Tg4WvGNLyw+3r"
    "z541cnZ4VuPs8Gyts4NqvIUOtahzXpcfoFcfz3TqAP3Q5zORFlFQFKlEJwDPq4unTepOPK"
    "0uO/G0XHUCaoNtuKEryurSkm226SfUof5sw6EuCeuxbvNYkwca8NGzVMLWcjIbrfwtG9Bd"
    "L/zE85hkj1a98icC2jNDfeVni8BdqHmIZkS0h+jmHqL88x1ToFPC/pIxm2Cn4iwwK1eMfe"
    "KC+7K+kisHDn66uXmXw/7yujitP72/vOK7NzEQvBMNuQpJlDGbGkl0WDHSrDrJQ06sM0V5"
    "DpLroUGIX91Ur47x0/O8Zp7ruD4d1/dIq+fRxvUJ2GXMcjweNcxyPPTNmOWwTIScOI7aRM"
    "1w4jJzJkp8z9gSsUlAIPl/lGlwiX00pffg/hWcoL7I0WSMyYRPtz74iA0gAWGS10nMiYG4"
    "D0dg9dUJczqJ0gBsyvtbooy44KajB4T3Es+BImq1RcEFU22RucsCqBNo3JGVhLPmHaOBJ8"
    "59kos+56nAZbL9ym0p61Rsy0UYNniUeOV1UYgQhCgm7BLTAIZpkMYhirsXIhDD14MYRJc4"
    "Fhd4gi4+vEEeH0pgcHiDmBe97+vft0l8pHg1bg1mX6s6PDJ9OS7i1LycPko4UBW46qOE7L"
    "RtindWpoNr+B5KuUdVw128shmWzO31BcczonorvEWYqj5+2PfxA3HVooBjAZ2idot5bVHf"
    "xYE5E5kM1FZPiWgX6M295SAoq3WBkwLiRbkOKhZd8qQ9CufoDrsWrrXxUBdl9VC3eqh9tv"
    "BMskkd8LJkB1etfdQB9xcu8XxibVKtSyarYW8Eu0cmZaSrj5qj7l0A99AHzWMPO6Yk6LEa"
    "7FRC462Od4CnKmBH3TXS6kibbD6nkgRn1Qo7legC3vveY8yJ7+OpkjNwRqQLCB96RrvUJf"
    "Js7NWQZ2U05htgbmP1vAA5oS6gvm9dEmY3NO65vSxP1rIuMWJOVHP+m3Oj1JH7HVZrmFSi"
    "CzP90PqFPIBnQgnuWv+rREa7Xym4Xy1pMDMqM6/WAl4UPSDu8Yn60cIeOzIoQp4V09NcAe"
    "+ix4+C2SIR7YJKPwBflUVO1ViUyXYP9j3YjDp27wc599Cxez/OWHsLxzdkKa5r0oinIp1L"
    "Yfb8rInTEe9VqThFW6kAHYZaroomWVZMm2QKJtnC4Y+dUG+uDHlBUqOutPEwCb2XQV4ZUp"
    "YV6UxE2e6qgWaiGVQYuqKcpue2qF9CHgJDrSBzVuRwk/rsSCa1COdRQDPpr/VDiWATIUoq"
    "llsqoTe86ze83EzwibFNHkr5HfSGqM0bIhMCU23DIxxZX51HlYlrM1LBjEwAxL5a5aWSYB"
    "d03MHdpXgrgZqDxFFy5SnKdQH7AjPwvAkx8LyaF3heSs6fhLs2RTmV0FEZ6klvoxDtPNjq"
    "mQm6WZpmUEhQkE411fwEGVU+Wzh321YCesemr+E+HcK6FJNoeGy5LU5x6t8uYkTuiSN1Il"
    "ABCDJYXN2To8wqW4mSUjKQoq+uURVwHON645AR4/9pgO5rccfb5IbHtdTX4quaPyWcZFVJ"
    "VJIpuCaTikGSjo3yqfDO3irNtv3ER//PFp6D7Vdhrm1uN4tWB4WJ68La5pAUJUmAIvS1PC"
    "PLTu9em+sbmLNi1hSlVBx1OcykxpOESoqmZ51GeNxcHAdMXladnkONFz04Jbp//HdG5d3x"
    "71DZCMT9O7gN2H0l502YOx2hexRknTCeVQsO5IV07uFHLjrQMiwPzbgdPOlPy/Ded84fnZ"
    "xcJyc/chWhE9nqRLaPNMePN5HtzGNBIKCV8DBx46Cehsl2W0vCvE3S0/psToIZR1fkjeU4"
    "Ewv5lE8TwYUs+YjyrmMyxU7IntyRFQqIbfvIYWNmrdByhiXF0ffxgC0qpSsGu2wT4NIy8u"
    "XAtdJNtpAdxlZaL0l/TbXITJejqyt7yLl97ORAaUF/pOVHFEaVLT1xxdSaZScuzrp+yblA"
    "kPGKOVyfM74ATB0g3E/Q1c9zTG3EoYK82cRH2IM1wA2Ajvfn2LYRX6YDLlpeZHZzy/XLSi"
    "7xN3xx43TfoihrIjGozfldSjFO4DOaPybsvu4ZSscTP1ym8P0vkNnJ0BTsrIyGvALyzKoZ"
    "/xCa4psI7GTD3yJsh8+bgMt7VaIr2gquYPd8bisRKqmEZlQ2yDKEfX/JPIl6rsnslJHRmK"
    "tjPqXBbDE2+OczR21hLEt2TansXmFzzAjZEOy8oMZ6HdY6+3c9/PwTrRvHXvUS175j2GNG"
    "M3SbLWbW95jy3dAdkeVaU/JivHDpCO5zhPOgkasnde5pIEDYFqnr5E5HuzbXQ8W86bYY3X"
    "jTrk4kP97cb4fQbXibLqG0V+LrswgxfY/NGSRBlTFg+R6DWiosDFg15pnODUixqHYf4c3L"
    "GfEICmY4QL5L8J2P3o5Gf/8b+KoyB/xW8XyAmCd8V20bhd37UGwGXluUHYQvlPFke3gKFD"
    "y8mYhDHI9MKXwpfBUSKwfCjiWauMlgESeg2OZ3t1dQ53CWYeROUD+a++LGcNQDh0BfHddj"
    "Jm8I3xPeHo6DltDH5G9FLKDyvsF53kn4ad+qnXXjV4cOIXG3jceupsR2Tomp0mG6Yp6CvZ"
    "+d/U0Bzsp0gT3Ye/A9HnPNWka4Ju1JIqGLtW2R8USsNcpJFfNSWmGvnd8hYNscRsvv0EH+"
    "4Ej4gkYO66ntpvwTk4hqam7dz8z1yIRKggNqagkkEt1bpncfW+On2+PG7uupSPcQ3v0Mjg"
    "otqCCcEdEIN0hsbDNZcHl1/FDcX0cGSNL3ROcZytX7SoJ66uqTJ33yVGVI2tiHLJN8B7BR"
    "YrqStE5K17ZtQ1tcWd8QbhKbMOyffDmjn+8xqGX0raQveFg2Y/TTwAccUtUe4rIWZJsgNp"
    "nzTREw6xDo4JszMsevUD/sJghwHNLnA/4PcPoDHv7bFJLzfasLsdjxk4DZvw4gOYZN74kf"
    "Js1IWH34S0jQIIrTYJMBWvDNnh1HbPAtX/gqvMuE39hmzrShq+2XXviO0Dv6CvCA/RJqAf"
    "Hj/kPz9bVRqaenTcJST0+r41KhbU2YRzJIjU2mRKKDtP15E8jPqxE/Py35sEZzXwHhjEgH"
    "IR42mtbDmmk9PC2hPKFerFUUjZK8ZAfN0WO3SEr258ampx7koxjkisjDugxbnQw+PECerb"
    "ZY+xfEo+ZMauZHTfX2PU47rbPrq0dhi6hkmb36o6SD25LEqzZNH4GDbp0mKAQBNckGPaxJ"
    "Bz2U5oNWQTjq3kF0zxrZpWc1dulZ2S7lTwyk1n+1R0lGRLuUKLqUPOp69v0/0tKUjw=="
)
