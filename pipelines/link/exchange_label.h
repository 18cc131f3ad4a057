/* exchange_label: what stands before the colon of a symbol and says where it is listed.
 *
 *   in    a text, the place of a colon (symbol_list.h)
 *   out   the label that ends there, and the exchanges that it names
 *
 *   exchange   "NASDAQ", "NYSE American", "OTC Pink": a name of exchanges.h, in several words at times
 *   word       "Ticker", "stock symbol", where no exchange is named
 *   place      "Paris", "Hong Kong", "New York Stock Exchange": the exchange of a city; "上交所", "東証", "SH":
 *              an exchange as its own people call it
 *   code       "股票代码", "証券コード", "Stock code": a stock's number is to come
 *
 * All but an exchange's name are read for listed companies alone. Any case. */
#ifndef TW_EXCHANGE_LABEL_H
#define TW_EXCHANGE_LABEL_H

#include "link/exchanges.h"

enum tw_exchange_label_kind {
    TW_LABEL_NONE,
    TW_LABEL_EXCHANGE,
    TW_LABEL_WORD,
    TW_LABEL_PLACE,
    TW_LABEL_CODE,
};

struct tw_exchange_label {
    enum tw_exchange_label_kind kind;
    bool apart;                /* a blank stands between it and the colon */
    struct tw_text words;      /* as they stand in the text; of an exchange, its name alone */
    tw_exchange_set exchanges; /* none of TW_LABEL_WORD */
};

/* The label that ends before `end`, or before one blank there; TW_LABEL_NONE is no error. */
struct tw_exchange_label tw_exchange_label_before(struct tw_text text, size_t end);

/* The exchange whose name begins at `at`, in several words at times: TW_LABEL_EXCHANGE, or TW_LABEL_NONE,
 * also for one that is a word of something else (ICE, AIM). */
struct tw_exchange_label tw_exchange_label_at(struct tw_text text, size_t at);

#endif
