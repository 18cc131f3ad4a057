/* time_scripts: a time in other letters than those of ASCII, as the other rooms read it.
 *
 *   in    a text with bytes beyond ASCII
 *   out   the same time in ASCII, as far as it is known
 *
 *   full-width digits and marks       ２０２６－１１－３０ is 2026-11-30
 *   accents, ordinal marks            "1º décembre", "März": without them
 *   Chinese, Japanese and Korean      2026年11月30日 14時31分05秒, 2026년 11월 30일: 2026-11-30 14:31:05;
 *                                     上午, 午後, 오전 and their like are am or pm behind the clock; days of the
 *                                     week (星期一, 月曜日, 월요일, one letter in brackets) are left out
 *   Russian                           30 ноября 2026 г. is 30 NOVEMBER 2026
 * What is not in these tables stays as it is, and is refused by whoever reads it: years by an emperor's
 * reign, numbers in Chinese letters, parts of a day. Pure. */
#ifndef TW_TIME_SCRIPTS_H
#define TW_TIME_SCRIPTS_H

#include <stddef.h>

#include "base/text.h"

enum { TW_TIME_SCRIPTS_BYTES = 192 };

/* The text in ASCII, in `out`, and its length; 0 when it is ASCII already, or longer than times are. */
size_t tw_time_scripts(struct tw_text text, char out[TW_TIME_SCRIPTS_BYTES]);

#endif
