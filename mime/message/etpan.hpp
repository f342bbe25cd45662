// mime/message/etpan.hpp: owners for libetpan's handles. Private to this room: included by its .cpp files only
// (style.md §7).
#pragma once

#include <libetpan/libetpan.h>

#include <memory>

#include "mime/text/freed_by.hpp"

namespace mime::message::etpan {
using mime_ptr = std::unique_ptr<struct mailmime, freed_by<mailmime_free>>;
using content_ptr = std::unique_ptr<struct mailmime_content, freed_by<mailmime_content_free>>;
using disposition_ptr = std::unique_ptr<struct mailmime_disposition, freed_by<mailmime_disposition_free>>;
using address_list_ptr = std::unique_ptr<struct mailimf_address_list, freed_by<mailimf_address_list_free>>;
using date_time_ptr = std::unique_ptr<struct mailimf_date_time, freed_by<mailimf_date_time_free>>;
using decoded_ptr = std::unique_ptr<char, freed_by<mmap_string_unref>>;  // of mailmime_part_parse

template <class T, class Visit>
void each(const clist* list, Visit visit)
{
    if (list == nullptr) return;
    for (const clistcell* cell = list->first; cell != nullptr; cell = cell->next) visit(*static_cast<T*>(cell->data));
}
}
