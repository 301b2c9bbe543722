// Texts to begin with. `ticks` are features that an example is there to show.

export const EXAMPLES = [
  {
    name: "News",
    text:
      "Siemens will buy the Dutch start-up Lightyear for €240 million, Reuters reported on Tuesday. Roland Busch called " +
      "the deal a perfect fit. Analysts in Frankfurt were not impressed: shares fell 3% within an hour, and Deutsche Bank " +
      "warned that the price is far too high.",
  },
  {
    name: "Review",
    text:
      "The room at the Hilton in Vienna was lovely, and Maria at the front desk went out of her way to help us. " +
      "Breakfast was a disaster, though: cold eggs, rude waiters, and a queue of half an hour. We checked out on Sunday.",
  },
  {
    name: "Emoji",
    text: "👩‍🚀 Christina Koch 🚀 spent 328 days on the ISS 🛰️. NASA is over the moon 🌙😍, and so is Grand Rapids, Michigan 🎉!",
  },
  {
    name: "Grammar",
    text: "The old man the boat. Yesterday a committee in Geneva quietly approved the plan that nobody wanted.",
    ticks: ["tokens", "noun_chunks"],
  },
  {
    name: "Right to left",
    text: "סאטיה נאדלה, מנכ״ל Microsoft, ביקר ביום שלישי בתל אביב ונפגש עם ראש חברת Wix.\nזוהי דוגמה לטקסט מימין לשמאל.",
  },
];
