#include "store/portion.h"

uint32_t tw_portion_of(const struct tw_portion *portion, uint32_t waiting)
{
    return portion->most > 0 && portion->most < waiting ? portion->most : waiting;
}

void tw_portion_taken(struct tw_portion *portion)
{
    portion->most = portion->most > UINT32_MAX / 2 ? 0 : portion->most * 2;
}

bool tw_portion_refused(struct tw_portion *portion, uint32_t count)
{
    portion->most = count > 1 ? count / 2 : 1;
    return count <= 1;
}
