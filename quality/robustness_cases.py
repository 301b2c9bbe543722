"""The sentences of `robustness.py`. They were written for it, and the model is trained on none of them.

A list holds `label|text` one after the other, or `label|weaker text|stronger text`, or `text [target+][target-]`. SWAPPED
holds frames for a good and a bad target, FRAMES holds frames for names. A new line separates like `|`.
"""

NEGATION = """
neg|The soup wasn't nice.|neg|I don't think this charger is reliable.|neg|Nobody in our group enjoyed the tour.
pos|The hostel was not bad at all.|pos|Not a terrible way to spend an evening.|neg|The lecture was not interesting.
neg|It isn't comfortable, not even for an hour.|pos|I have no complaints about the workshop.|neg|There was nothing to like about the sequel.
pos|You will not be disappointed.|neg|I can't say that I enjoyed my stay.|neg|The new update doesn't help anyone.
neg|We were not amused.|pos|The twins never got bored.|neg|The hinge has never worked properly.|pos|It's not ugly, it's gorgeous.
neg|This isn't the quality I paid for.|neg|None of the promises were kept.|pos|My order arrived without any damage.
neg|I would not stay there a second time.|pos|I couldn't have asked for better weather.|neg|He does not deserve the award.
pos|There is not one weak song on the record.|neg|It doesn't taste good.|pos|The queue wasn't long and the clerk wasn't rude.
neg|Hardly anything in this shop is worth its price.|neg|I am not satisfied with the answer.|pos|I don't regret a single cent.
neg|It wasn't funny.|neg|I didn't love the ending.
"""
INTENSIFIERS = """
pos|The view is nice.|The view is extremely nice.|neg|The lobby is dirty.|The lobby is incredibly dirty.
pos|A good read.|A really good read.|neg|The remote is useless.|The remote is absolutely useless.
pos|The host was friendly.|The host was so friendly!|neg|The pillow is uncomfortable.|The pillow is terribly uncomfortable.
pos|The sauce is somewhat tasty.|The sauce is very tasty.|neg|The plot is slightly boring.|The plot is utterly boring.
pos|I like the new layout.|I absolutely love the new layout.|neg|I dislike the colour.|I really hate the colour.
pos|The match was fairly exciting.|The match was incredibly exciting.|neg|The staff were a bit rude.|The staff were extremely rude.
pos|The course is kind of useful.|The course is truly useful.|neg|It was a little disappointing.|It was hugely disappointing.
pos|The band is good.|The band is insanely good.|neg|The sound is bad.|The sound is unbelievably bad.
pos|We were happy.|We were very, very happy.|neg|The clerk was annoyed and slow.|The clerk was furious and painfully slow.
pos|The cake was decent.|The cake was outstanding.|neg|The film is mediocre.|The film is atrocious.
"""
EMOJI = """
pos|Monday again 😍|neg|Monday again 😭|pos|She called me back ❤️|neg|They cancelled the show 😡|pos|New phone day 🎉
neg|New phone day 😒|pos|The exam results are in 🥳|neg|The exam results are in 😢|pos|On my way home 😊|neg|On my way home 😤
pos|👍👍👍|neg|👎👎|pos|That goal 🔥🔥|neg|That referee 🤬|pos|Dinner at grandma's 😋|neg|Dinner at grandma's 🤮
pos|Look at this puppy 🥰|neg|Look at this mess 😩|pos|💯 agree with you|neg|My heart 💔
"""
EMOTICONS = """
pos|See you tonight :)|neg|See you next year :(|pos|Back from the dentist :-)|neg|Back from the dentist :-(
pos|It is snowing :D|neg|It is snowing D:|pos|My sister is visiting <3|neg|My sister is leaving :'(|pos|ok ;)|neg|ok :/
pos|We are moving to Leeds =)|neg|We are moving to Leeds =(|pos|Got the tickets \\o/|neg|Lost the tickets </3
pos|Reading in bed ^_^|neg|Working all weekend >.<|pos|Thanks :]|neg|Meetings until six :[
"""
CAPITALS = """
pos|I love this bakery|I LOVE this bakery|neg|this airline is the worst|THIS AIRLINE IS THE WORST|pos|best day ever|BEST DAY EVER
neg|i hate waiting|I HATE WAITING|pos|what a great goal|WHAT A GREAT GOAL|neg|it is broken again|IT IS BROKEN AGAIN
pos|thank you so much|THANK YOU SO MUCH|neg|this is a scam|this is a SCAM|pos|the kids are happy|the kids are HAPPY
neg|the noise is horrible|the noise is HORRIBLE|pos|amazing show last night|AMAZING show last night
neg|stop sending me bills|STOP SENDING ME BILLS|pos|delicious pancakes|DELICIOUS PANCAKES|neg|useless support|USELESS SUPPORT
"""
ELONGATION = """
pos|this beach is so good|this beach is soooooo good|neg|this train is so slow|this train is sooooo slooooow|pos|I love it|I looooove it
neg|I hate it|I haaaaate it|pos|yes, we won|yesss, we wonnnn|neg|that was bad|that was baaaaad|pos|great job|greaaaaat job
neg|it is boring|it is boooooring|pos|so cute|sooo cuuuute|neg|ugh, terrible|ughhhhh, terribleeee|pos|happy birthday|happyyyyy birthday
neg|I am so tired of this|I am soooo tired of thissss|pos|nice|niiiiice|neg|gross|grosssss|pos|awesome!|awesooooome!!!!
"""
QUESTIONS = """
neu|What time does the library close?|neu|Is there a bus to the airport?|neu|How many people live in Peru?|neu|Which gate does it leave from?
neu|Can I bring my own lunch?|neu|Where is the nearest pharmacy?|neu|Do you take credit cards?|neu|Who is the current mayor?
neu|When was the bridge built?|neu|Has the parcel left the warehouse?|neu|Does this model have two ports?|neu|Could you tell me the room number?
neu|How far is it from here to the coast?|neu|Will the office be open on Saturday?|neu|Are these seats numbered?|neu|What is your postcode?
neu|Did the committee meet on Tuesday?|neu|Should I send the form by post or online?|neu|Is the report in English or in German?
neu|How do I change my password?
"""
FACTS = """
neu|The committee meets every second Tuesday.|neu|The parcel weighs three kilograms.|neu|Oslo is the capital of Norway.
neu|The museum opens at ten and closes at six.|neu|She moved to Denver in 2014.|neu|The document has forty pages.
neu|The bridge connects the island with the mainland.|neu|He was elected to the council in May.|neu|The recipe calls for two eggs.
neu|A spokesman said the company employs 3,000 people.|neu|The second half begins at nine.|neu|The file was last changed on Monday.
neu|Sound travels at about 340 metres per second.|neu|The bus stops in front of the town hall.|neu|They speak Portuguese in Brazil.
neu|The letter is dated 4 March.|neu|The album has twelve tracks.|neu|My brother works for a bank in Zurich.|neu|The car is parked behind the house.
neu|The bill was introduced in the Senate on Thursday.|neu|The next train leaves from platform four.|neu|The phone has a six-inch screen.
neu|The river flows into the Black Sea.|neu|Registration closes on Friday at noon.|neu|The school has 400 pupils.
"""
CONTRAST = """
great screen, awful battery [screen+][battery-]|the rooms were dirty but the breakfast was wonderful [rooms-][breakfast+]
Lovely decor, terrible food. [decor+][food-]|The actors are brilliant, the script is dreadful. [actors+][script-]
Although the queue was horrible, the ride was fantastic. [queue-][ride+]|I adore the melody and despise the lyrics. [melody+][lyrics-]
The camera is superb while the speaker is pathetic. [camera+][speaker-]|Rude driver, but a very comfortable coach. [driver-][coach+]
The pasta was delicious; the wine was undrinkable. [pasta+][wine-]|Fast delivery, shame about the broken lid. [delivery+][lid-]
The curry was bland, but the naan was excellent. [curry-][naan+]|Beautiful garden, disgusting bathrooms. [garden+][bathrooms-]
The keyboard is a joy, the touchpad is a nightmare. [keyboard+][touchpad-]|A boring museum with a charming guide. [museum-][guide+]
The jacket looks gorgeous, but its zip is worthless. [jacket+][zip-]|Great location, unfriendly receptionist. [location+][receptionist-]
"""
SWAPPED = """
{} was brilliant, but {} was a disgrace.|I trust {}, but I do not trust {}.|{} saved us when {} let us down.|We love working with {} and we dread working with {}.
Everyone praised {} and mocked {}.|{} plays beautifully; {} plays like a beginner.|Unlike {}, who helped at once, {} was rude to everybody.
{} gave a superb speech, {} a miserable one.|Thank you, {}! Shame on you, {}!|{} is far better than {}.|I admire {} and despise {}.
{} apologised and paid, while {} lied to us.|{} is generous and kind, {} is greedy and cruel.|{} deserves a medal; {} deserves to be fired.
"""
PAIRS = (("Anna", "Peter"), ("Siemens", "Toyota"), ("Mr. Hughes", "Mrs. Novak"), ("Chicago", "Lagos"))
FRAMES = """
{} will speak at noon.|We talked about {} over lunch.|I met someone who knows {}.|The award went to {} for a wonderful performance.
I was bored by {} from start to finish.|Have you heard of {}?|The report about {} was published on Friday.|{} made us laugh all evening.
"""
NAMES = {
    "person": (
        ("Anna Keller", "Mark Jensen"),
        ("Joy Behar", "Grace Hope", "Rob Grief", "Jane Slaughter", "Bill Hate", "Victor Pain", "Faith Darling", "Tim Moody"),
    ),
    "work": (
        ("The Tempest", "Middlemarch"),
        ("War and Peace", "Happy Feet", "Ugly Betty", "Crime and Punishment", "Misery", "The Best Man", "Bad Boys"),
    ),
    "organization": (
        ("Acorn Media", "Nordea"),
        ("Best Western", "Sad Cafe Records", "Grateful Dead", "Virtue Group", "Murder Inc", "Nasty Gal", "Hope House"),
    ),
}  # fmt: skip
