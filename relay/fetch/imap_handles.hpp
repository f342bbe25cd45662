// relay/fetch/imap_handles.hpp: what libetpan gives out, checked, and its lists. For the source files of imap_session
// only. Pure; out of memory is std::bad_alloc.
#pragma once

#include <libetpan/libetpan.h>

#include <new>

#include "mime/text/freed_by.hpp"

namespace relay::fetch::detail {
template <class T>
T* made(T* handle)
{
    if (handle == nullptr) throw std::bad_alloc();
    return handle;
}

template <class Each>
void for_each_in(clist* list, Each each)
{
    if (list == nullptr) return;
    for (clistiter* at = clist_begin(list); at != nullptr; at = clist_next(at)) each(clist_content(at));
}
}
