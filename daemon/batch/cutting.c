#include "batch/cutting.h"

enum tw_cutting tw_cutting_now(uint32_t workers, uint32_t sessions, uint32_t unfinished, uint32_t out)
{
    uint32_t done = out > unfinished ? out - unfinished : 0;
    if (unfinished < workers && done < sessions * TW_DONE_ENOUGH)
        return TW_CUT_ANY;
    return unfinished < workers * TW_UNFINISHED_MOST && done < sessions * TW_DONE_MOST ? TW_CUT_OLD
                                                                                       : TW_CUT_NONE;
}
