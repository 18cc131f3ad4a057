#include "link/hashtags.h"

#include "link/exchanges.h"

enum { LEAST = 3 };

/* Words of English of three letters and more that are symbols somewhere or may become some, and what else
 * stands in capitals in news and posts. In the order of their bytes. */
static const char *const words[] = {"ABOUT", "ACE", "ACT", "ADD", "AGE", "AGO", "AID", "AIM", "AIR", "ALERT",
    "ALIVE", "ALL", "ALLY", "ALPHA", "AMP", "AND", "ANY", "APE", "APP", "APPS", "ARC", "ARE", "AREA", "ARM",
    "ARMY", "ART", "ASAP", "ASH", "ASIA", "ASK", "ATM", "AUTO", "AWARD", "AWAY", "BABY", "BACK", "BAD", "BAN",
    "BAND", "BANG", "BANK", "BANKS", "BAR", "BARK", "BASE", "BAT", "BBC", "BEAR", "BEARS", "BEAT", "BED",
    "BEE", "BEER", "BEST", "BET", "BETA", "BID", "BIG", "BIKE", "BILL", "BIO", "BIRD", "BIT", "BITE", "BLUE",
    "BOARD", "BOAT", "BOE", "BOJ", "BOLD", "BOLT", "BOND", "BONDS", "BOOK", "BOOM", "BOOT", "BOSS", "BOT",
    "BOTS", "BOX", "BOY", "BRAND", "BREAD", "BRICS", "BRO", "BTC", "BUD", "BUG", "BULL", "BULLS", "BUS",
    "BUY", "BUZZ", "CAB", "CAKE", "CALL", "CALLS", "CALM", "CAMP", "CAN", "CAP", "CAPE", "CAR", "CARE",
    "CARS", "CART", "CASE", "CASH", "CAT", "CATS", "CBD", "CBS", "CDC", "CEO", "CFO", "CHAT", "CHEF", "CHIP",
    "CHIPS", "CIA", "CITY", "CLEAN", "CLEAR", "CLOUD", "CLUB", "CNN", "COAL", "COFFEE", "COIN", "COKE",
    "COLD", "COLOR", "COME", "COO", "COOK", "COOL", "COP", "COPS", "COPY", "CORE", "CORN", "COST", "COVID",
    "COW", "CPA", "CPI", "CPU", "CREW", "CROSS", "CROWN", "CRUDE", "CRY", "CTO", "CUBE", "CUP", "CURE", "CUT",
    "CUTS", "CYBER", "DAD", "DAILY", "DAO", "DARE", "DATA", "DAY", "DAYS", "DEAL", "DEALS", "DEFI", "DESK",
    "DIET", "DIP", "DIVE", "DIY", "DNA", "DOG", "DOGE", "DOGS", "DOJ", "DOT", "DOW", "DRAFT", "DREAM", "DRUG",
    "DRY", "DUE", "DUO", "DUST", "DVD", "EAR", "EARN", "EARTH", "EASE", "EAST", "EASY", "EAT", "EATS", "ECB",
    "ECO", "EDGE", "EDIT", "EDU", "EGG", "EGO", "END", "ENERGY", "EPA", "EPIC", "EPS", "ESG", "ETC", "ETF",
    "ETFS", "ETH", "EUR", "EURO", "EVER", "EVERY", "EYE", "EYES", "FACE", "FACT", "FACTS", "FAN", "FANG",
    "FAQ", "FAR", "FARM", "FAST", "FAT", "FBI", "FCC", "FDA", "FED", "FEE", "FEEL", "FEW", "FIFA", "FIFO",
    "FILM", "FIN", "FIND", "FINE", "FIRE", "FIRM", "FIT", "FIVE", "FIX", "FLAG", "FLEX", "FLIP", "FLOW",
    "FLY", "FOMC", "FOMO", "FOOD", "FOOT", "FOR", "FORD", "FORK", "FORM", "FOUR", "FOX", "FREE", "FROG",
    "FROM", "FTC", "FUD", "FUEL", "FULL", "FUN", "FUND", "FUNDS", "GAIN", "GAINS", "GAME", "GAMES", "GAP",
    "GAS", "GATE", "GDP", "GEM", "GEMS", "GEN", "GET", "GIFT", "GIG", "GIRL", "GIVE", "GLAD", "GLASS",
    "GLOBE", "GOAL", "GOALS", "GOAT", "GOD", "GOLD", "GOLF", "GOOD", "GOP", "GPS", "GPT", "GPU", "GRID",
    "GROW", "GROWTH", "GUN", "GUT", "GYM", "HACK", "HAIR", "HALO", "HAS", "HAT", "HAVE", "HEAD", "HEAL",
    "HEALTH", "HEAR", "HEART", "HEAT", "HELP", "HERE", "HERO", "HIGH", "HIKE", "HIP", "HIT", "HOLD", "HOME",
    "HOMES", "HOPE", "HOT", "HOTEL", "HOUR", "HOUSE", "HOW", "HUB", "HUG", "ICE", "ICON", "ICYMI", "IDEA",
    "IMF", "INC", "INDIA", "INFO", "INN", "INTO", "INVEST", "IOT", "IPO", "IPOS", "IRA", "IRAN", "IRS", "ISM",
    "ITS", "JAM", "JAPAN", "JAR", "JAZZ", "JET", "JOB", "JOBS", "JOIN", "JOY", "JULY", "JUMP", "JUNE", "JUST",
    "KEY", "KEYS", "KID", "KIDS", "KIND", "KING", "KIT", "KITE", "KNOW", "KOREA", "KYC", "LAB", "LABS",
    "LAKE", "LAMB", "LAND", "LAST", "LATE", "LAW", "LAWS", "LAZY", "LEAD", "LEAF", "LEAN", "LED", "LEG",
    "LENS", "LESS", "LET", "LIFE", "LIFT", "LIGHT", "LIKE", "LINE", "LINK", "LION", "LIST", "LIT", "LITE",
    "LIVE", "LOAN", "LOANS", "LOCK", "LOGIC", "LONDON", "LONG", "LOOK", "LOOP", "LOSS", "LOST", "LOT", "LOUD",
    "LOVE", "LOW", "LUCK", "LUNA", "LUX", "MAD", "MADE", "MAGA", "MAGIC", "MAIL", "MAIN", "MAKE", "MAN",
    "MANY", "MAP", "MARKET", "MARKETS", "MARS", "MART", "MASK", "MASS", "MATE", "MATH", "MAX", "MAY", "MEAL",
    "MEAN", "MEAT", "MED", "MEDIA", "MEET", "MEGA", "MEME", "MEN", "MEOW", "MESH", "MET", "META", "METAL",
    "METALS", "MILE", "MILK", "MIN", "MIND", "MINE", "MINT", "MISS", "MIT", "MIX", "MLB", "MLS", "MOB",
    "MOBILE", "MODE", "MOM", "MONEY", "MONK", "MOON", "MORE", "MOST", "MOVE", "MOVIE", "MUSIC", "MUST",
    "NAIL", "NAME", "NASA", "NATO", "NAVY", "NBA", "NBC", "NEAR", "NEED", "NEST", "NET", "NEW", "NEWS",
    "NEXT", "NFL", "NFT", "NFTS", "NHL", "NHS", "NICE", "NIGHT", "NINE", "NODE", "NOON", "NORTH", "NOT",
    "NOTE", "NOW", "NSA", "NUT", "NUTS", "NYC", "NYSE", "OAK", "OATS", "OCEAN", "ODD", "ODDS", "OFF", "OIL",
    "OLD", "ONE", "ONLY", "OPEC", "OPEN", "OPT", "ORE", "ORG", "OUR", "OUT", "OVER", "OWL", "OWN", "PACK",
    "PAGE", "PAID", "PAIN", "PAIR", "PALM", "PAR", "PARK", "PART", "PARTY", "PASS", "PAST", "PATH", "PAY",
    "PCE", "PEACE", "PEAK", "PEN", "PEP", "PER", "PET", "PETS", "PHONE", "PICK", "PIE", "PILL", "PIN", "PINE",
    "PINK", "PIT", "PIZZA", "PLAN", "PLANET", "PLAY", "PLUG", "PLUS", "PMI", "POD", "POEM", "POET", "POLE",
    "POOL", "POP", "PORT", "POST", "POT", "POWER", "PPI", "PRAY", "PRE", "PRO", "PROS", "PULSE", "PUMP",
    "PURE", "PUT", "PUTS", "QUAD", "QUICK", "QUIT", "QUIZ", "RACE", "RAIL", "RAIN", "RAM", "RANK", "RARE",
    "RAT", "RATE", "RATES", "RAW", "RBA", "RBI", "READ", "READY", "REAL", "RED", "REE", "REST", "RICE",
    "RICH", "RIDE", "RING", "RIP", "RISE", "RISK", "RIVER", "ROAD", "ROBO", "ROCK", "ROCKET", "ROI", "ROLL",
    "ROOF", "ROOM", "ROOT", "ROSE", "RSI", "RUG", "RULE", "RUN", "RUSH", "RUST", "SAD", "SAFE", "SAGE",
    "SAID", "SAIL", "SALE", "SALES", "SALT", "SAM", "SAME", "SAND", "SAVE", "SAY", "SCAM", "SCIENCE", "SEA",
    "SEAL", "SEAT", "SEC", "SEE", "SEED", "SELF", "SELL", "SEND", "SET", "SEVEN", "SHE", "SHIP", "SHOE",
    "SHOP", "SHORT", "SHOW", "SICK", "SIDE", "SIGN", "SILVER", "SIT", "SITE", "SIX", "SIZE", "SKI", "SKIN",
    "SKY", "SLEEP", "SMART", "SNAP", "SNOW", "SOAP", "SOFT", "SOIL", "SOLAR", "SOLD", "SOLO", "SON", "SOON",
    "SOS", "SOUL", "SOUND", "SOUP", "SOUTH", "SPA", "SPACE", "SPAN", "SPEC", "SPIN", "SPORT", "SPOT", "STAR",
    "STARS", "START", "STAY", "STEAK", "STEEL", "STEM", "STEP", "STOCK", "STOCKS", "STOP", "STORE", "STORY",
    "SUIT", "SUM", "SUN", "SURF", "SUV", "SWAP", "SWEET", "SWIM", "TAG", "TALK", "TALL", "TAP", "TAX", "TAXI",
    "TEA", "TEAM", "TEAMS", "TECH", "TELL", "TEN", "TERM", "TEST", "TEXT", "THAT", "THE", "THEN", "THEY",
    "THIN", "THINK", "THIS", "TIDE", "TIE", "TILE", "TIME", "TIMES", "TIN", "TIP", "TIPS", "TODAY", "TON",
    "TOOL", "TOP", "TOUR", "TOWN", "TOY", "TOYS", "TRADE", "TRADING", "TRAIN", "TREE", "TREES", "TREND",
    "TRIP", "TRUE", "TRUMP", "TRUST", "TRUTH", "TRY", "TUBE", "TUNE", "TURN", "TWIN", "TWO", "UAE", "UAW",
    "UFC", "UFO", "UGLY", "UNI", "UNIT", "UNITY", "USA", "USB", "USD", "USE", "USER", "VALUE", "VAN", "VAST",
    "VAT", "VEGA", "VERY", "VET", "VIA", "VIBE", "VICE", "VIEW", "VIP", "VISA", "VOICE", "VOTE", "VPN",
    "WALL", "WANT", "WAR", "WARM", "WARS", "WAS", "WASH", "WASTE", "WATCH", "WATER", "WAVE", "WAX", "WAY",
    "WEAK", "WEB", "WEED", "WEEK", "WEF", "WELL", "WEN", "WENT", "WEST", "WET", "WHAT", "WHEN", "WHO", "WHY",
    "WIDE", "WIFE", "WIFI", "WILD", "WILL", "WIN", "WIND", "WINE", "WING", "WINS", "WIRE", "WISE", "WISH",
    "WITH", "WOLF", "WOMEN", "WOOD", "WOOF", "WOOL", "WORD", "WORK", "WORLD", "WORTH", "WOW", "WTF", "WTI",
    "WTO", "XMAS", "YEAR", "YES", "YET", "YOGA", "YOLO", "YOU", "YOUNG", "YOUR", "ZEN", "ZERO", "ZINC",
    "ZONE", "ZOO", "ZOOM"};

bool tw_hashtag_is_word(struct tw_text tag)
{
    return tw_text_is_one_of(tag, words, sizeof words / sizeof words[0]);
}

/* Does it stand apart? Not "C#", "&#82;", "##" or the part of an address. */
static bool stands_apart(struct tw_text text, size_t at)
{
    static const char joints[] = "&#/$@=?";
    char before = at ? text.bytes[at - 1] : '\0';
    return !tw_word_before(text, at) && (before == '\0' || !memchr(joints, before, sizeof joints - 1));
}

static bool is_in_capitals(struct tw_text tag)
{
    for (size_t at = 0; at < tag.length; at++)
        if (!tw_text_is_capital(tag.bytes[at]) && !tw_text_is_digit(tag.bytes[at]))
            return false;
    return tw_text_is_capital(tag.bytes[0]);
}

static bool means_something_else(struct tw_text tag)
{
    return tw_hashtag_is_word(tag) || tw_symbol_is_money(tag) || tw_exchange_find(TW_EXCHANGE_NAME, tag) ||
           tw_exchange_find(TW_EXCHANGE_COUNTRY, tag);
}

enum tw_symbol_found tw_hashtag_find(
    const struct tw_ticker_scan *scan, size_t at, size_t hash, struct tw_ticker *out)
{
    struct tw_ticker_scan listed = *scan;
    struct tw_symbol_run run;
    if (!stands_apart(scan->text, at))
        return TW_SYMBOL_NONE;
    tw_symbol_run_read(scan->text, at + hash, &run);
    size_t base = tw_symbol_run_alphanumerics(&run, 0);
    struct tw_text tag = {run.bytes, base};
    if (base < LEAST || !is_in_capitals(tag))
        return TW_SYMBOL_NONE;
    listed.unlisted = false;
    out->begin = (uint32_t)at;
    enum tw_symbol_found found = tw_symbol_run_find(&listed, &run, base, out);
    return found == TW_SYMBOL_FOUND && means_something_else(tag) ? TW_SYMBOL_NONE : found;
}

/* ---- names ---- */

/* Does a word begin at a capital there, behind what is none? Letters beyond ASCII are taken for small. */
static bool is_seam(struct tw_text text, size_t at)
{
    char before = text.bytes[at - 1];
    return tw_text_is_capital(text.bytes[at]) && !tw_text_is_capital(before) && before != '_';
}

/* Where the tag that begins at `begin` ends: words, with "_" between them. `begin`: there is none. */
static size_t tag_end(struct tw_text text, size_t begin)
{
    struct tw_name_word word;
    size_t end = begin, next = begin;
    uint32_t at = (uint32_t)begin;
    while (end - begin <= TW_WORD_BYTES && tw_word_next(text, &at, &word) && word.letters &&
           word.begin == next) {
        end = word.end;
        next = end + 1;
        if (tw_text_byte(text, end) != '_')
            break;
        at = (uint32_t)next;
    }
    return end;
}

bool tw_hashtag_words(const struct tw_ticker_scan *scan, size_t at, size_t hash, struct tw_hashtag_words *out)
{
    struct tw_text text = scan->text;
    size_t begin = at + hash, end = stands_apart(text, at) ? tag_end(text, begin) : begin, length = 0;
    if (end == begin || end - begin > TW_WORD_BYTES || tw_text_byte(text, end) == '_')
        return false;
    for (size_t next = begin; next < end; next++) {
        if (next > begin && is_seam(text, next))
            out->bytes[length++] = ' ';
        out->bytes[length++] = text.bytes[next] == '_' ? ' ' : text.bytes[next];
    }
    out->text = (struct tw_text){out->bytes, length};
    out->end = (uint32_t)end;
    return memchr(out->bytes, ' ', length) != NULL;
}

int32_t tw_hashtag_name(const struct tw_ticker_scan *scan, size_t at, size_t hash, uint32_t *end)
{
    struct tw_hashtag_words tag;
    if (!tw_hashtag_words(scan, at, hash, &tag))
        return TW_NO_ENTITY;
    struct tw_word_walk walk = {.text = tag.text};
    struct tw_name_match match;
    bool stopped;
    uint32_t nth = 0, owner;
    bool found = tw_entities_next(scan->entities, &walk, &stopped, &match);
    if (!found || match.begin != 0 || match.end != tag.text.length || match.owner_count != 1 ||
        !tw_entities_owner(scan->entities, walk.text, &match, &nth, &owner))
        return TW_NO_ENTITY;
    *end = tag.end;
    return (int32_t)owner;
}
