#include "mime/smime/enveloped.hpp"

#include "certs/openssl/cms.hpp"
#include "certs/openssl/error.hpp"
#include "certs/openssl/handles.hpp"
#include "mime/smime/layer.hpp"

namespace mime::smime {
namespace openssl = certs::openssl;
namespace {
bool is_whole(CMS_ContentInfo* cms)
{
    const int type = OBJ_obj2nid(CMS_get0_type(cms));
    if (type != NID_pkcs7_enveloped && type != NID_id_smime_ct_authEnvelopedData) return false;
    const STACK_OF(CMS_RecipientInfo)* recipients = CMS_get0_RecipientInfos(cms);  // borrowed
    return recipients != nullptr && sk_CMS_RecipientInfo_num(recipients) > 0 && openssl::has_content(*cms);
}
}

bool is_enveloped(std::string_view message)
{
    const auto outer = read_layer(message);
    if (!outer.has_value() || !*outer || (*outer)->detached_content) return false;
    const openssl::cms_ptr cms = openssl::read_cms((*outer)->cms);
    const bool whole = cms && is_whole(cms.get());
    if (!whole) (void)openssl::take_error(smime_errc::malformed_cms);  // leaves the queue empty
    return whole;
}
}
