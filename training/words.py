"""The word lists that `templates` and `names` make sentences and names from."""

# fmt: off
POSITIVE = """good great excellent wonderful amazing fantastic brilliant superb lovely beautiful delightful impressive
outstanding perfect enjoyable pleasant helpful friendly reliable comfortable tasty delicious useful clever charming
awesome incredible terrific marvellous fabulous splendid remarkable stunning gorgeous elegant polite generous smooth
solid sturdy handy inspiring refreshing thoughtful attentive funny touching gripping cozy spotless professional
efficient magnificent satisfying nice fine decent likeable satisfactory superior exciting interesting entertaining
convenient""".split()
NEGATIVE = """bad terrible awful horrible dreadful poor disappointing boring rude slow dirty useless ugly annoying
unreliable uncomfortable stale overpriced confusing pathetic lousy mediocre clumsy flimsy bland tedious dull shabby
disgusting nasty unpleasant frustrating careless incompetent arrogant lazy inconvenient buggy faulty defective
miserable depressing ridiculous appalling shoddy tasteless greasy cramped noisy unhelpful unacceptable worthless
irritating laughable messy painful sloppy cheesy predictable weak inferior hopeless difficult complicated""".split()
THINGS = """battery|screen|food|service|staff|room|hotel|film|plot|acting|camera|app|update|support|delivery|meal
coffee|seat|flight|interface|sound|keyboard|book|story|song|album|concert|game|match|speech|plan|report|website
checkout|packaging|price|phone|laptop|headset|charger|menu|waiter|soup|pizza|dessert|location|pool|bathroom|bed
breakfast|manual|installation|design|driver|train|tour|guide|museum|show|ending|script|music|editing|direction
documentation|release|lesson|course|teacher|doctor|nurse|clinic|shop|store|assistant|product|quality|car|engine
jacket|fabric|shoes|toaster|kettle|vacuum|printer|router|signal|performance|decision|proposal|interview""".replace(
    "\n", "|"
).split("|")
COLOURS = "black|white|blue|green|red|silver|grey".split("|")
DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday".split("|")
STRONG = "very|really|extremely|incredibly|absolutely|so|truly|exceptionally|totally|super|insanely|utterly".split("|")
WEAK = "somewhat|a bit|slightly|fairly|kind of|a little|rather".split("|")
VERBS = "plays|sings|writes|works|cooks|drives|teaches|dances|speaks|acts|paints|manages|leads|argues".split("|")
WELL = "beautifully|brilliantly|wonderfully|perfectly|very well|superbly|with great care|like a master|flawlessly".split("|")
BADLY = "badly|poorly|terribly|awfully|clumsily|very badly|without any care|like an amateur|miserably".split("|")
LIKE = "love|admire|adore|trust|respect|like|recommend|enjoy talking to|believe in|can count on".split("|")
HATE = "hate|despise|can't stand|distrust|dislike|avoid|detest|don't trust|don't like|hate talking to".split("|")
LIKED = "thanked|applauded|cheered for|complimented|defended|congratulated|praised|welcomed".split("|")
HATED = "booed|criticised|ridiculed|attacked|condemned|blamed|laughed at|insulted".split("|")
HAPPY = """😀 😃 😄 😁 😊 🙂 😍 🥰 😘 🤩 🥳 😎 👍 👏 🙌 ❤️ 💕 💖 💯 🎉 ✨ 🔥 😂 🤗 😋 🏆 💪 :) :-) :D ;) =) <3 ^_^ :] xD
;-) :-D =D ;D XD :P :p :* (: (-: =] :3 \\o/ \\m/ ^^ :>""".split()
SAD = """😞 😔 😟 🙁 ☹️ 😣 😖 😩 😢 😭 😤 😠 😡 🤬 👎 💔 🤮 🤢 😒 🙄 😱 💩 😫 😓 😕 :( :-( :'( D: >:( :/ =( :[ </3 >.<
:'-( ;( D: :-/ :\\ =/ :| :-| -_- >_< T_T ): )-: :S :@ :c""".split()

PERSONS = """Anna Smith|James Carter|Maria Lopez|Wei Chen|Fatima Khan|Olga Petrova|John Miller|Kofi Mensah|Yuki Tanaka
David Cohen|Amina Yusuf|Carlos Rivera|Emily Clark|Raj Patel|Lars Hansen|Aisha Diallo|Peter Novak|Linda Brown
Mohammed Ali|Sofia Rossi|Tom Becker|Grace Kim|Ivan Horvat|Leila Haddad|Jamal Washington|Keisha Jackson|Connor Walsh
Priya Sharma|Mehmet Yilmaz|Nguyen Van Minh|Chloe Dubois|Ahmed Hassan|Joy Adler|Hope Winters|Felix Payne|Rob Savage
Faith Moody|Max Grimm|Charity Best|Victor Slaughter|Angel Cross|Mercy Okafor|Bill Crook|Ernest Goodman|Sunny Love
Ed Grave|Patience Stone|Happy Singh|Will Power|Bliss Carnegie|Rusty Wolf|Clement Darling|Dick Butcher|Precious Moyo
Jack Savage|Joy Hunter|Hazel Death|Merry Young|Felicity Lord|Frank Killer|Dolores Bitter|Charles Manson|Prudence Wise
Bernie Loser|Chris Winner|Tom Outlaw|Ray Bright|Neil Dark|Sad Ibrahim|Lucky Dube|Joyce Battle""".replace(
    "\n", "|"
).split("|")
ORGS = """Acme|Northwind|Siemens|Toyota|Nestle|Reuters|Oxfam|Contoso|Globex|Samsung|Lufthansa|Deloitte|Unilever
Best Buy|Joy Division|Happy Mondays|Virgin Atlantic|Perfect World|Death Cab for Cutie|Fear Factory|Hope Foundation
Great Lakes Airlines|Pleasant Holidays|Grim Tales Publishing|Disaster Relief Fund|Wonderful Company|Liberty Mutual
Killer Queen Records|Lucky Brand|Ugly Duckling Press|Mad Catz|Bad Robot|Superior Energy|Freedom Foods|Pain Clinic
Dream Theater|Paradise Lost|Excellence Resorts|Cruel Summer Tours|Smart Car|Cheap Monday|Poison|Suicidal Tendencies
Victory Motorcycles|Rage Against the Machine|Trustpilot|Honest Company|Toxic Avenger Studios""".replace(
    "\n", "|"
).split("|")
PLACES = """Paris|Nairobi|Osaka|Lima|Chicago|Warsaw|Mumbai|Leeds|Oslo|Cairo|Toronto|Brisbane|Lagos|Madrid|Pleasantville
Hell|Bad Axe|Hope|Death Valley|Paradise|Happy Valley|Cape Fear|Truth or Consequences|Accident|Loveland|Badlands
Battle Creek|Misery Bay|Good Hope|Bad Homburg|Slaughter Beach|Boring|Friendship Heights|Dismal Swamp|Grand Rapids
Sunny Isles|Hazard|Devils Lake|Graceland|Dead Horse|Fairbanks|Coldwater|Tombstone""".replace(
    "\n", "|"
).split("|")
WORKS = """Great Expectations|Love Actually|Dumb and Dumber|Happy Gilmore
The Good Wife|Bad Santa|Beauty and the Beast|The Killing|Pride and Prejudice|Sense and Sensibility|The Ugly Truth
Les Miserables|The Joy Luck Club|Die Hard|The Amazing Race|The Hangover|A Beautiful Mind|Psycho
The Silence of the Lambs|Lost in Translation|Kill Bill|Inglourious Basterds|The Great Gatsby|Hamlet|Moby Dick|Emma
Middlemarch|Titanic|Inception|Casablanca|Ulysses|Dracula|Annie Hall|Amelie|The Odyssey|Fear and Loathing in Las Vegas
Trainspotting|Sweet Home Alabama|The Pursuit of Happyness|Disaster Movie|Dr. Strangelove|A Series of Unfortunate Events
The Wonder Years|Dirty Dancing|The Bold and the Beautiful|Breaking Bad|Better Call Saul""".replace("\n", "|").split("|")
# fmt: on
