"""Mail in many languages, scripts and the charsets that people really used for them."""

from __future__ import annotations

from tuimail.demo.samples.builder import Mail, Reply, thread
from tuimail.demo.samples.people import ELENI, EMILE, JUERGEN, LUDMILA, NICHOLAS, NOUR, OWNER, SOFIA, TAMAR, TARO, WEI


def mails() -> list[Mail]:
    """All of them."""
    return [*_japanese(), *_french(), *_others()]


def _japanese() -> list[Mail]:
    first = Mail(
        TARO,
        "会議の予定について",
        """
アダ様

いつもお世話になっております。京都の山田です。

来月の会議の件ですが、木曜日の午前十時はいかがでしょうか。
そろばんと計算機の競争も予定しております。1946年には
そろばんが四対一で勝ちました。今年はどうなるでしょう。

お返事をお待ちしております。

山田 太郎
""",
        "1d 04:30",
        charset="iso-2022-jp",
        flags="",
    )
    return thread(
        first,
        Reply(
            OWNER,
            "1d 08:10",
            """
山田様

木曜日の午前十時で大丈夫です。そろばんに一票。

Ada
""",
            quote=5,
        ),
        Reply(
            TARO,
            "22h",
            """
ありがとうございます。では木曜日に。

うどんの美味しい店も予約しておきます。🍜

山田
""",
            quote=3,
            flags="",
        ),
    )


def _french() -> list[Mail]:
    first = Mail(
        EMILE,
        "Les éclipses de l'année prochaine",
        """
Chère Ada,

voici mes éphémérides pour l'année prochaine : deux éclipses de Soleil, deux de Lune, et une occultation de Saturne \
que personne ne regardera parce qu'elle tombe un lundi à quatre heures du matin. Je la regarderai.

J'ai refait le calcul de la seconde éclipse à la main, après que la machine eut trouvé un milieu de \
totalité au-dessous de l'horizon. \
La machine avait raison : c'est moi qui avais oublié que la Terre est ronde. Cela m'arrive surtout en hiver.

Pourrais-tu vérifier la colonne des corrections ? Tu y verras tout de suite ce que je n'y vois plus.

Avec toute mon amitié,
Émile

--\x20
Observatoire, coupole est
« Il pleut toujours la nuit qu'il faut. »
""",
        "2d 21:15",
        flags="S A",
        flowed=True,
    )
    return thread(
        first,
        Reply(
            OWNER,
            "2d 22:00",
            """
Cher Émile,

ligne 14, la correction a le mauvais signe ; tout le reste est juste, y compris le lundi. Je mettrai mon réveil \
pour Saturne, à condition que tu fasses le café et que la coupole ne coule plus.

Ada
""",
            quote=2,
            flowed=True,
        ),
        Reply(
            EMILE,
            "1d 07:20",
            "Le signe ! Bien sûr. Le café est promis, la coupole seulement espérée.\n\nÉmile",
            quote=4,
            flags="",
        ),
    )


def _others() -> list[Mail]:
    return [
        Mail(
            LUDMILA,
            "Привет из Дубны",
            """
Дорогая Ада!

Спасибо за книгу. Я читала её в поезде и проехала свою станцию; пришлось
возвращаться пешком через лес, зато я поняла примечание G.

У нас зима, минус двадцать. БЭСМ-6 давно разобрали, но один её шкаф стоит у
меня в коридоре: в нём удобно хранить лыжи.

Приезжай. Чай и ферритовая память обеспечены.

Твоя Людмила
""",
            "4d 13:40",
            charset="koi8-r",
            flags="S",
        ),
        Mail(
            WEI,
            "关于珠算与二进制",
            """
Ada 你好：

附上我们讨论过的问题：莱布尼茨在1703年看到《易经》的六十四卦时，
认为它们就是他的二进制。六条爻，六个比特，正好从零到六十三。

他高兴得写了一篇论文。其实爻是从下往上读的，他读反了，
不过数目是对的。这大概是历史上第一个字节序的错误。

祝好！
陈伟
""",
            "8d 06:15",
            charset="gb18030",
            flags="S",
        ),
        Mail(
            NOUR,
            "من بيت الحكمة: أصل كلمة الخوارزمية",
            """
عزيزتي آدا،

سألتِني عن أصل كلمة «خوارزمية». إنها اسم رجل: محمد بن موسى الخوارزمي،
الذي عمل في بيت الحكمة في بغداد نحو عام 820.

كتب كتابًا عن الحساب بالأرقام الهندية، وعندما تُرجم إلى اللاتينية بدأ بعبارة
Dixit Algorizmi، أي «قال الخوارزمي». ومنذ ذلك الحين ونحن نكرر ما قاله.

مع أطيب التحيات،
نور
""",
            "9d 11:00",
            flags="S F",
        ),
        Mail(
            TAMAR,
            "ביקור במוזיאון WEIZAC",
            """
שלום עדה,

ביום ראשון נפתח את הארון של WEIZAC לקהל. המחשב נבנה ב-1954, ומסביב לא היה אז
אפילו מעבד תמלילים אחד. 17,000 מתגים, ולכל אחד היה שם.

אשמח אם תוכלי לבוא. יש חניה לאופניים ויש עוגה.

תמר
""",
            "12d 09:30",
            charset="iso-8859-8",
            flags="S",
        ),
        Mail(
            ELENI,
            "Ο μηχανισμός των Αντικυθήρων",
            """
Αγαπητή Άντα,

η νέα τομογραφία διάβασε άλλες δώδεκα λέξεις στο εσωτερικό του μηχανισμού. Μία
από αυτές λέει «όρθρος», και νομίζουμε ότι είναι οδηγίες χρήσης: πότε να
γυρίσεις τη μανιβέλα.

Δύο χιλιάδες χρόνια στον βυθό, και το εγχειρίδιο έφτασε πριν από το πρόγραμμα.

Ελένη
""",
            "14d 17:45",
            charset="iso-8859-7",
            flags="S",
        ),
        Mail(
            SOFIA,
            "¡La ajedrecista juega otra vez!",
            """
Querida Ada:

¡funciona! La torre y el rey de Torres Quevedo han vuelto a dar mate, ciento
doce años después. Ha jugado contra mi sobrino, que tiene nueve años y ha
intentado hacer trampa dos veces. A la tercera se apagan las luces, así que lo
hemos dejado en dos.

¿Vienes en mayo? El museo abre a las diez, y mi sobrino quiere la revancha.

Un abrazo,
Sofía ♜
""",
            "10d 19:00",
            flags="S",
        ),
        Mail(
            JUERGEN,
            "Große Größen: ß, ẞ und die Länge",
            """
Hallo Ada,

kurze Umfrage: wie lang ist „Straße“? Ich habe bisher

   6   Buchstaben,
   7   Buchstaben, wenn man sie groß schreibt (STRASSE),
   7   Oktette in UTF-8,
   6   in ISO-8859-1, und
   60  Meter, sagt mein Vater, aber er meint unsere.

Meine Tabelle 📏 bricht bei „Maßstabsänderungsübergröße“ um. Bei euch auch?

Grüße
Jürgen
""",
            "3d 16:05",
            flags="S",
        ),
        Mail(
            NICHOLAS,
            "Ihr Einband ist fertig – zwei Bände, grünes Leder",
            """
Sehr geehrte Frau Byron,

Ihre beiden Bände sind fertig: grünes Ziegenleder, Goldschnitt, der Titel „Notes“
auf dem Rücken. Wie gewünscht haben wir die Seite mit der Motte nicht geglättet.

Abholung werktags von 9 bis 17 Uhr, außer wenn der Leim warm ist – dann bitte
klopfen.

Jörg & Söhne
""",
            "17d 10:50",
            charset="windows-1252",
            flags="S",
            mailbox="Archive",
        ),
        Mail(
            SOFIA,
            "👩‍💻🎉 1️⃣5️⃣ años de la radio pirata 🏴‍☠️📻",
            """
👋 Ada:

🎂 + 📻 + 🏴‍☠️ = viernes a las 22:00 🌙

Trae a 👨‍👩‍👧‍👦 o a tu 🐈‍⬛. Habrá 🥘, 🍷 y un 🤖 que pone discos.
Banderas: 🇪🇸 🇫🇷 🇯🇵 🇩🇪, y la del equipo: 🏳️‍🌈.

Si tu terminal enseña esto bien, ¡te invito a una copa! 🍸
""",
            "13h",
            flags="",
        ),
    ]
