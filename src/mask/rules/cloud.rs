//! Rules of clouds, places to run, and stores of data.

use super::sample::{Rule, rules};

pub(super) const CLOUD: &[Rule] = rules! {
    "aws-access-key", "the id of an access key of AWS", "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html";
    ["AKIA[A-Z2-7]{16}" "ASIA[A-Z2-7]{16}" "ABIA[A-Z2-7]{16}" "ACCA[A-Z2-7]{16}"]
    [("AK" "IA" l16) ("AS" "IA" l16)]
    [("AK" "IA" l12) ("XAK" "IA" l16)];
    "aws-bedrock-key", "an API key of Amazon Bedrock", "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html";
    ["ABSK[A-Za-z0-9+/]{100,}=" "bedrock-api-key-[A-Za-z0-9+/=_-]{100,}"]
    [("AB" "SK" 100 "=") ("bedrock" "-api-key-" 100)]
    [("AB" "SK" 40) ("bedrock" "-api-key-" 20)];
    "google-api-key", "an API key of Google", "https://cloud.google.com/docs/authentication/api-keys";
    ["AIza[A-Za-z0-9_-]{35}" "AQ\\.Ab8[A-Za-z0-9_-]{30,}"]
    [("AQ" ".Ab8" 44) ("AI" "za" 35) ("AI" "za-_" 33)]
    [("AI" "za" 30) ("xAI" "za" 35)];
    "google-oauth-token", "an access or refresh token of Google", "https://developers.google.com/identity/protocols/oauth2";
    ["ya29\\.[A-Za-z0-9_-]{20,}" "ya29\\.[a-z]\\.[A-Za-z0-9_-]{20,}" "1//0[A-Za-z0-9_-]{30,}"]
    [("ya" "29." 60) ("ya" "29.c." 60) ("1/" "/0" 40)]
    [("ya" "29." 10) ("1/" "/0" 10)];
    "google-client-secret", "a client secret of Google", "https://developers.google.com/identity/protocols/oauth2";
    ["GOCSPX-[A-Za-z0-9_-]{28}"]
    [("GOC" "SPX-" 28) ("GOC" "SPX-_-" 26)]
    [("GOC" "SPX-" 20) ("goc" "spx-" 28)];
    "azure-storage-key", "a key of a storage account or message bus of Azure", "https://learn.microsoft.com/en-us/azure/storage/common/storage-configure-connection-string";
    ["AccountKey=[A-Za-z0-9+/]{40,}={0,2}" "SharedAccessKey=[A-Za-z0-9+/]{40,}={0,2}" "SharedAccessSignature=[^\\s\"';]{20,}"]
    [("Account" "Key=" 86 "==") ("SharedAccess" "Key=" 43 "=")]
    [("Account" "Name=" 40) ("Shared" "AccessKeyName=RootManageSharedAccessKey")];
    "azure-client-secret", "a client secret of Microsoft Entra", "https://learn.microsoft.com/en-us/entra/identity-platform/howto-create-service-principal-portal";
    ["[A-Za-z0-9_.~-]{3}\\dQ~[A-Za-z0-9_.~-]{31,34}"]
    [("Ab" "c8Q~" 34) ("x_" "Z7Q~" 31)]
    [("Ab" "c8Q~" 20) ("Ab" "c8Q-" 34)];
    "azure-devops-token", "a personal access token of Azure DevOps", "https://learn.microsoft.com/en-us/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate";
    ["[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}"]
    [(76 "AZ" "DO" 4) (70 "Abcdef" "AZ" "DO" 4)]
    [(60 "AZ" "DO" 4) (76 "AZ" "DX" 4)];
    "azure-shared-key", "a key of Azure with the signature of its service", "https://learn.microsoft.com/en-us/purview/sit-defn-azure-storage-account-key";
    ["[A-Za-z0-9+/]{33}AzSe[A-Za-z0-9+/]{15}" "[A-Za-z0-9+/]{76}\\+ASt[A-Za-z0-9+/]{6}={0,2}" "[A-Za-z0-9+/]{33}\\+ASb[A-Za-z0-9+/]{6}=" "[A-Za-z0-9+/]{33}\\+AEh[A-Za-z0-9+/]{6}=" "[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{6}={0,2}" "[A-Za-z0-9]{42}\\+ACR[A-Za-z0-9]{6}"]
    [(33 "+A" "Sb" 6 "=") (43 "z" "Az" "Fu" 6)]
    [(33 "+A" "Sb" 6) (30 "Az" "Fu" 6)];
    "alibaba-key", "the id of an access key of Alibaba Cloud", "https://www.alibabacloud.com/help/en/ram/user-guide/create-an-accesskey-pair";
    ["LTAI[A-Za-z0-9]{16,20}"]
    [("LT" "AI" 20) ("LT" "AI" 16)]
    [("LT" "AI" 10) ("XLT" "AI" 20)];
    "tencent-key", "the id of a secret of Tencent Cloud", "https://www.tencentcloud.com/document/product/598/32675";
    ["AKID[A-Za-z0-9]{32}"]
    [("AK" "ID" 32) ("AK" "IDz8" 30)]
    [("AK" "ID" 20) ("XAK" "ID" 32)];
    "digitalocean-token", "a token of DigitalOcean", "https://docs.digitalocean.com/reference/api/create-personal-access-token/";
    ["dop_v1_[a-f0-9]{64}" "doo_v1_[a-f0-9]{64}" "dor_v1_[a-f0-9]{64}"]
    [("dop" "_v1_" h64) ("dor" "_v1_" h64)]
    [("dop" "_v1_" h40) ("dop" "_v2_" h64)];
    "heroku-key", "an API key of Heroku", "https://devcenter.heroku.com/articles/authentication";
    ["HRKU-[A-Za-z0-9_-]{36,}"]
    [("HR" "KU-AA" 58) ("HR" "KU-" h8 "-" h4 "-" h4 "-" h4 "-" h12)]
    [("HR" "KU-" 20) ("XHR" "KU-" 60)];
    "fly-token", "a token of Fly.io", "https://fly.io/docs/security/tokens/";
    ["fo1_[A-Za-z0-9_-]{40,}" "fm1r_[A-Za-z0-9+/=_-]{60,}" "fm2_[A-Za-z0-9+/=_-]{60,}" "fm1a_[A-Za-z0-9+/=_-]{60,}" "FlyV1 [^\\s\"']{20,}"]
    [("fo" "1_" 43) ("fm" "2_" 100)]
    [("fo" "1_" 20) ("fm" "2_" 30)];
    "netlify-token", "a token of Netlify", "https://docs.netlify.com/api/get-started/";
    ["nfp_[A-Za-z0-9]{36,40}" "nfo_[A-Za-z0-9]{36,40}" "nfc_[A-Za-z0-9]{36,40}" "nfu_[A-Za-z0-9]{36,40}"]
    [("nf" "p_" 36) ("nf" "o_" 36)]
    [("nf" "p_" 20) ("xnf" "p_" 36)];
    "vercel-token", "a token of Vercel", "https://vercel.com/changelog/new-token-formats-and-secret-scanning";
    ["vcp_[A-Za-z0-9]{50,64}" "vci_[A-Za-z0-9]{50,64}" "vca_[A-Za-z0-9]{50,64}" "vcr_[A-Za-z0-9]{50,64}" "vck_[A-Za-z0-9]{50,64}" "vercel_blob_rw_[A-Za-z0-9]{16}_[A-Za-z0-9]{30}"]
    [("vc" "p_" 56) ("vercel_blob" "_rw_" 16 "_" 30)]
    [("vc" "p_" 30) ("vercel_blob" "_rw_" 10)];
    "cloudflare-key", "an origin CA key or token of Cloudflare", "https://developers.cloudflare.com/fundamentals/api/get-started/token-formats/";
    ["v1\\.0-[a-f0-9]{24}-[a-f0-9]{146}" "cfut_[A-Za-z0-9_-]{40,}" "cfat_[A-Za-z0-9_-]{40,}" "cfk_[A-Za-z0-9_-]{40,}"]
    [("v1" ".0-" h24 "-" h146) ("cf" "ut_" 48)]
    [("v1" ".0-" h24 "-" h40) ("v1" ".0-" h24)];
    "databricks-token", "a token of Databricks", "https://docs.databricks.com/aws/en/dev-tools/auth/pat";
    ["dapi[a-f0-9]{32}-\\d" "dapi[a-f0-9]{32}" "dose[a-f0-9]{32}" "dkea[a-f0-9]{32}"]
    [("da" "pi" h32) ("da" "pi" h32 "-2")]
    [("da" "pi" h20) ("da" "piz" h31)];
    "planetscale-token", "a token or password of PlanetScale", "https://planetscale.com/docs/api/reference/service-tokens";
    ["pscale_tkn_[A-Za-z0-9_.=-]{32,}" "pscale_pw_[A-Za-z0-9_.=-]{32,}" "pscale_oauth_[A-Za-z0-9_.=-]{32,}"]
    [("pscale" "_tkn_" 43) ("pscale" "_pw_" 43)]
    [("pscale" "_tkn_" 20) ("pscale" "_xyz_" 43)];
    "supabase-key", "a token or secret key of Supabase", "https://supabase.com/docs/guides/api/api-keys";
    ["sbp_[a-f0-9]{40}" "sbp_v0_[a-f0-9]{40}" "sb_secret_[A-Za-z0-9_-]{20,}"]
    [("sb" "p_" h40) ("sb_" "secret_" 31)]
    [("sb" "p_" h20) ("sb_" "secret_" 10)];
    "neon-key", "an API key of Neon", "https://neon.com/docs/manage/api-keys";
    ["napi_[a-z0-9]{48,80}"]
    [("na" "pi_" h64) ("na" "pi_" h48)]
    [("na" "pi_" h20) ("na" "pi_gro_ref_of_the_modules_in_c")];
    "tailscale-key", "a key of Tailscale", "https://tailscale.com/kb/1101/api";
    ["tskey-[a-z]{2,12}-[A-Za-z0-9]{8,24}-[A-Za-z0-9]{16,64}" "tskey-[A-Za-z0-9]{16,64}"]
    [("ts" "key-auth-" 16 "-" 32) ("ts" "key-api-" 16 "-" 32)]
    [("ts" "key-auth-" 5) ("xts" "key-auth-" 16 "-" 32)];
    "dropbox-token", "an access token of Dropbox", "https://developers.dropbox.com/oauth-guide";
    ["sl\\.[A-Za-z0-9_-]{100,}" "sl\\.u\\.[A-Za-z0-9_-]{100,}"]
    [("s" "l." 140) ("s" "l.u." 140)]
    [("s" "l." 40) ("xs" "l." 140)];
    "scaleway-key", "an API key of Scaleway", "https://www.scaleway.com/en/docs/iam/how-to/create-api-keys/";
    ["SCW[A-Z0-9]{17}"]
    [("SC" "W" u17) ("SC" "WZ" u16)]
    [("SC" "W" u10) ("XSC" "W" u17)];
    "yandex-key", "a key or token of Yandex Cloud", "https://yandex.cloud/en/docs/iam/concepts/authorization/";
    ["AQVN[A-Za-z0-9_-]{35,38}" "t1\\.[A-Z0-9a-z_-]{10,}={0,2}\\.[A-Za-z0-9_-]{86}={0,2}" "YCAJE[A-Za-z0-9_-]{20}" "YC[A-Z][A-Za-z0-9_-]{37}"]
    [("AQ" "VN" 36) ("YC" "AJE" 20)]
    [("AQ" "VN" 20) ("YC" "AJE" 10)];
    "salesforce-token", "a session of Salesforce", "https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_flows.htm";
    ["00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]{80,120}"]
    [("00" "D" 12 "!" 96) ("00" "D" 15 "!" 96)]
    [("00" "D" 12 "!" 40) ("00" "D" 12)];
    "aiven-token", "a password of a service of Aiven", "https://aiven.io/docs/platform/concepts/authentication-tokens";
    ["AVNS_[A-Za-z0-9_-]{16,64}"]
    [("AV" "NS_" 20) ("AV" "NS_" 24)]
    [("AV" "NS_" 10) ("XAV" "NS_" 20)];
};
