//! Rules of services: models, messages, payments, shops, observation.

use super::sample::{Rule, rules};

pub(super) const SERVICE: &[Rule] = rules! {
    "slack-token", "a token of Slack", "https://docs.slack.dev/authentication/tokens";
    ["xoxb-[A-Za-z0-9-]{20,}" "xoxp-[A-Za-z0-9-]{20,}" "xoxa-[A-Za-z0-9-]{20,}" "xoxr-[A-Za-z0-9-]{20,}" "xoxs-[A-Za-z0-9-]{20,}" "xoxc-[A-Za-z0-9-]{20,}" "xoxd-[A-Za-z0-9%+/=_-]{20,}" "xoxe-[A-Za-z0-9-]{20,}" "xoxe\\.xox[bp]-[A-Za-z0-9-]{20,}" "xapp-[A-Za-z0-9-]{20,}"]
    [("xo" "xb-" d12 "-" d12 "-" 24) ("xa" "pp-1-A0" u9 "-" d12 "-" h64) ("xo" "xe.xo" "xp-1-" 60)]
    [("xo" "xb-" 10) ("xo" "xz-" 40)];
    "slack-webhook", "the address of a webhook of Slack", "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks";
    ["hooks\\.slack\\.com/services/[A-Za-z0-9_/-]{20,}" "hooks\\.slack\\.com/workflows/[A-Za-z0-9_/-]{20,}" "hooks\\.slack\\.com/triggers/[A-Za-z0-9_/-]{20,}"]
    [("hooks.slack" ".com/services/T" u9 "/B" u9 "/" 24) ("hooks.slack" ".com/triggers/T" u9 "/" d12 "/" 24)]
    [("hooks.slack" ".com/services/") ("hooks.slack" ".com/docs/" 40)];
    "stripe-key", "a secret key of Stripe", "https://docs.stripe.com/keys";
    ["sk_org_[A-Za-z0-9_]{16,255}" "sk_live_[A-Za-z0-9]{16,255}" "sk_test_[A-Za-z0-9]{16,255}" "rk_live_[A-Za-z0-9]{16,255}" "rk_test_[A-Za-z0-9]{16,255}" "whsec_[A-Za-z0-9+/=]{24,}"]
    [("sk" "_org_live_" 24) ("sk" "_live_" 24) ("rk" "_test_" 99) ("wh" "sec_" 32)]
    [("sk" "_live_" 10) ("pk" "_live_" 24)];
    "anthropic-key", "an API key of Anthropic", "https://docs.anthropic.com/en/api/overview";
    ["sk-ant-[A-Za-z0-9]{3,12}-[A-Za-z0-9_-]{40,}"]
    [("sk-" "ant-api03-" 93 "AA") ("sk-" "ant-admin01-" 93 "AA")]
    [("sk-" "ant-api03-" 10) ("sk-" "ant-colony-of-the-garden")];
    "openrouter-key", "an API key of OpenRouter", "https://openrouter.ai/docs/api-reference/authentication";
    ["sk-or-v1-[a-f0-9]{64}" "sk-or-[A-Za-z0-9_-]{40,}"]
    [("sk-" "or-v1-" h64) ("sk-" "or-" 48)]
    [("sk-" "or-v1-" h10) ("sk-" "or-the-other-class-name")];
    "openai-key", "an API key of OpenAI, or of one that has its form", "https://platform.openai.com/docs/api-reference/authentication";
    ["sk-proj-[A-Za-z0-9_-]{40,}" "sk-svcacct-[A-Za-z0-9_-]{40,}" "sk-admin-[A-Za-z0-9_-]{40,}" "sk-None-[A-Za-z0-9_-]{40,}" "sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}" "sk-[A-Za-z0-9]{32,64}"]
    [("sk-" "proj-" 140) ("sk-" 20 "T3Blbk" "FJ" 20) ("sk-" h32)]
    [("sk-" "toggle-able-content-of-the-pages-class") ("sk-" 20)];
    "groq-key", "an API key of Groq", "https://console.groq.com/docs/quickstart";
    ["gsk_[A-Za-z0-9]{48,64}"]
    [("gs" "k_" 52) ("gs" "k_" 48)]
    [("gs" "k_" 20) ("xgs" "k_" 52)];
    "xai-key", "an API key of xAI", "https://docs.x.ai/docs/overview";
    ["xai-[A-Za-z0-9]{70,90}"]
    [("xa" "i-" 80) ("xa" "i-Zz" 78)]
    [("xa" "i-" 30) ("xa" "i-sdk-python")];
    "replicate-token", "a token of Replicate", "https://replicate.com/docs/topics/security/api-tokens";
    ["r8_[A-Za-z0-9]{37}"]
    [("r" "8_" 37) ("r" "8_Zz" 35)]
    [("r" "8_" 30) ("xr" "8_" 37)];
    "perplexity-key", "an API key of Perplexity", "https://docs.perplexity.ai/guides/getting-started";
    ["pplx-[A-Za-z0-9]{40,64}"]
    [("pp" "lx-" 48) ("pp" "lx-" 53)]
    [("pp" "lx-" 20) ("pp" "lx-70b-online")];
    "huggingface-token", "a token of Hugging Face", "https://huggingface.co/docs/hub/security-tokens";
    ["hf_[A-Za-z0-9]{30,40}" "api_org_[A-Za-z0-9]{34}"]
    [("h" "f_" 34) ("api_" "org_" 34)]
    [("h" "f_" 20) ("h" "f_hub_download_of_the_model_files")];
    "langsmith-key", "an API key of LangSmith or Langfuse", "https://docs.smith.langchain.com/administration/how_to_guides/organization_management/create_account_api_key";
    ["lsv2_[a-z]{2}_[a-f0-9]{32}_[a-f0-9]{10}" "sk-lf-[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}"]
    [("ls" "v2_pt_" h32 "_" h10) ("sk-" "lf-" h8 "-" h4 "-" h4 "-" h4 "-" h12)]
    [("ls" "v2_pt_" h32) ("pk-" "lf-" h8 "-" h4 "-" h4 "-" h4 "-" h12)];
    "telegram-token", "the token of a bot of Telegram", "https://core.telegram.org/bots/api";
    ["\\d{8,10}:AA[A-Za-z0-9_-]{33}" "bot\\d{8,10}:AA[A-Za-z0-9_-]{33}"]
    [(d10 ":A" "A" 33) ("bot" d9 ":A" "A" 33)]
    [(d10 ":A" "A" 20) (d6 ":A" "A" 33)];
    "twilio-key", "a key of Twilio", "https://www.twilio.com/docs/iam/api-keys";
    ["SK[a-f0-9]{32}"]
    [("S" "K" h32) ("S" "K0" h31)]
    [("S" "K" h40) ("S" "KA" u31)];
    "sendgrid-key", "an API key of SendGrid", "https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys";
    ["SG\\.[A-Za-z0-9_-]{20,24}\\.[A-Za-z0-9_-]{39,50}"]
    [("S" "G." 22 "." 43) ("S" "G._-" 20 "." 43)]
    [("S" "G." 22 "." 20) ("S" "G." 10 "." 43)];
    "mailgun-key", "an API key of Mailgun", "https://documentation.mailgun.com/docs/mailgun/api-reference/mg-auth";
    ["key-[a-f0-9]{32}" "[a-f0-9]{32}-[a-f0-9]{8}-[a-f0-9]{8}"]
    [("ke" "y-" h32) (h32 "-" h8 "-" h8)]
    [("ke" "y-" h20) (h32 "-" h8)];
    "mailchimp-key", "an API key of Mailchimp", "https://mailchimp.com/developer/marketing/guides/quick-start/";
    ["[a-f0-9]{32}-us\\d{1,2}"]
    [(h32 "-u" "s12") (h32 "-u" "s6")]
    [(h31 "-u" "s12") (h32 "-eu" "12")];
    "brevo-key", "an API key of Brevo", "https://developers.brevo.com/docs/getting-started";
    ["xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}" "xsmtpsib-[a-f0-9]{64}-[A-Za-z0-9]{16}"]
    [("xkey" "sib-" h64 "-" 16) ("xsmtp" "sib-" h64 "-" 16)]
    [("xkey" "sib-" h32 "-" 16) ("xkey" "sib-" h64)];
    "resend-key", "an API key of Resend", "https://resend.com/docs/dashboard/api-keys/introduction";
    ["re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}"]
    [("r" "e_" 8 "_" 24) ("r" "e_Zz" 6 "_" 24)]
    [("r" "e_" 8 "_" 10) ("r" "e_compile_the_pattern")];
    "discord-token", "the token of a bot of Discord", "https://discord.com/developers/docs/reference";
    ["[MNO][A-Za-z0-9_-]{23,27}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,38}"]
    [("M" 25 "." 6 "." 38) ("N" 23 "." 6 "." 27)]
    [("M" 25 "." 6) ("X" 25 "." 6 "." 38)];
    "discord-webhook", "the address of a webhook of Discord", "https://discord.com/developers/docs/resources/webhook";
    ["discord\\.com/api/v\\d{1,2}/webhooks/\\d{16,20}/[A-Za-z0-9_-]{60,}" "discordapp\\.com/api/v\\d{1,2}/webhooks/\\d{16,20}/[A-Za-z0-9_-]{60,}" "discord\\.com/api/webhooks/\\d{16,20}/[A-Za-z0-9_-]{60,}" "discordapp\\.com/api/webhooks/\\d{16,20}/[A-Za-z0-9_-]{60,}"]
    [("discord" ".com/api/v10/webhooks/" d18 "/" 68) ("discord" ".com/api/webhooks/" d18 "/" 68) ("discordapp" ".com/api/webhooks/" d18 "/" 68)]
    [("discord" ".com/api/webhooks/" d18) ("discord" ".com/api/webhooks/" d10 "/" 20)];
    "teams-webhook", "the address of a webhook of Microsoft Teams", "https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook";
    ["webhook\\.office\\.com/webhookb2/[A-Za-z0-9@/-]{80,}"]
    [("webhook.office" ".com/webhookb2/" h36 "@" h36 "/IncomingWebhook/" h32 "/" h36) ("webhook.office" ".com/webhookb2/" h36 "@" h36 "/IncomingWebhook/" h32)]
    [("webhook.office" ".com/webhookb2/") ("webhook.office" ".com/webhookb2/" h36)];
    "shopify-token", "a token of Shopify", "https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens";
    ["shpat_[A-Fa-f0-9]{32}" "shpss_[A-Fa-f0-9]{32}" "shpca_[A-Fa-f0-9]{32}" "shppa_[A-Fa-f0-9]{32}" "shpua_[A-Fa-f0-9]{32}"]
    [("shp" "at_" h32) ("shp" "ss_" h32)]
    [("shp" "at_" h20) ("shp" "zz_" h32)];
    "square-token", "a token of Square", "https://developer.squareup.com/docs/build-basics/access-tokens";
    ["sq0atp-[A-Za-z0-9_-]{22}" "sq0csp-[A-Za-z0-9_-]{43}" "sq0idp-[A-Za-z0-9_-]{22}" "EAAA[A-Za-z0-9_-]{60}"]
    [("sq0" "atp-" 22) ("EA" "AA" 60)]
    [("sq0" "atp-" 10) ("EA" "AA" 20)];
    "facebook-token", "an access token of Meta", "https://developers.facebook.com/docs/facebook-login/guides/access-tokens/";
    ["EAA[A-Za-z0-9]{90,300}"]
    [("EA" "ACEdEose0cBA" 100) ("EA" "AB" 140)]
    [("EA" "AB" 40) ("XEA" "AB" 140)];
    "braintree-token", "an access token of Braintree", "https://developer.paypal.com/braintree/docs/guides/authorization/overview";
    ["access_token\\$production\\$[a-z0-9]{16}\\$[a-f0-9]{32}" "access_token\\$sandbox\\$[a-z0-9]{16}\\$[a-f0-9]{32}"]
    [("access_token" "$production$" h16 "$" h32) ("access_token" "$sandbox$" h16 "$" h32)]
    [("access_token" "$production$") ("access_token" "$production$" h16)];
    "shippo-token", "a token of Shippo", "https://docs.goshippo.com/docs/guides_general/authentication/";
    ["shippo_live_[a-f0-9]{40}" "shippo_test_[a-f0-9]{40}"]
    [("shippo" "_live_" h40) ("shippo" "_test_" h40)]
    [("shippo" "_live_" h20) ("shippo" "_beta_" h40)];
    "easypost-key", "an API key of EasyPost", "https://docs.easypost.com/docs/authentication";
    ["EZAK[A-Za-z0-9]{54}" "EZTK[A-Za-z0-9]{54}"]
    [("EZ" "AK" 54) ("EZ" "TK" 54)]
    [("EZ" "AK" 40) ("XEZ" "AK" 54)];
    "duffel-token", "a token of Duffel", "https://duffel.com/docs/api/overview/authentication";
    ["duffel_test_[A-Za-z0-9_=-]{43}" "duffel_live_[A-Za-z0-9_=-]{43}"]
    [("duffel" "_test_" 43) ("duffel" "_live_" 43)]
    [("duffel" "_test_" 20) ("duffel" "_beta_" 43)];
    "flutterwave-key", "a secret key of Flutterwave", "https://developer.flutterwave.com/docs/authentication";
    ["FLWSECK_TEST-[a-h0-9]{32}-X" "FLWSECK-[a-h0-9]{32}-X"]
    [("FLW" "SECK_TEST-" h32 "-X") ("FLW" "SECK-" h32 "-X")]
    [("FLW" "PUBK-" h32 "-X") ("FLW" "SECK-" h20 "-X")];
    "plaid-token", "an access token of Plaid", "https://plaid.com/docs/api/tokens/";
    ["access-sandbox-[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}" "access-production-[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}"]
    [("access-" "sandbox-" h8 "-" h4 "-" h4 "-" h4 "-" h12) ("access-" "production-" h8 "-" h4 "-" h4 "-" h4 "-" h12)]
    [("access-" "sandbox-" h8) ("access-" "staging-" h8 "-" h4 "-" h4 "-" h4 "-" h12)];
    "newrelic-key", "a key of New Relic", "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/";
    ["NRAK-[A-Z0-9]{27}" "NRAA-[a-f0-9]{27}" "NRII-[A-Za-z0-9_-]{32}" "NRRA-[a-f0-9]{42}" "[a-f0-9]{36}NRAL"]
    [("NR" "AK-" u27) (h36 "NR" "AL")]
    [("NR" "AK-" u20) (h30 "NR" "AL")];
    "dynatrace-token", "a token of Dynatrace", "https://docs.dynatrace.com/docs/manage/identity-access-management/access-tokens-and-oauth-clients/access-tokens";
    ["dt0c01\\.[A-Z0-9]{24}\\.[A-Z0-9]{64}" "dt0s01\\.[A-Z0-9]{24}\\.[A-Z0-9]{64}" "dt0s16\\.[A-Z0-9]{24}\\.[A-Z0-9]{64}"]
    [("dt0" "c01." u24 "." u64) ("dt0" "s01." u24 "." u64)]
    [("dt0" "c01." u24) ("dt0" "x01." u24 "." u64)];
    "posthog-key", "a personal API key of PostHog", "https://posthog.com/docs/api";
    ["phx_[A-Za-z0-9]{40,64}" "phs_[A-Za-z0-9]{40,64}"]
    [("ph" "x_" 43) ("ph" "s_" 43)]
    [("ph" "x_" 20) ("ph" "c_" 43)];
    "linear-key", "a key of Linear", "https://linear.app/developers/graphql";
    ["lin_api_[A-Za-z0-9]{40}" "lin_oauth_[A-Za-z0-9]{40,64}" "lin_wh_[A-Za-z0-9]{40}"]
    [("lin" "_api_" 40) ("lin" "_oauth_" 64)]
    [("lin" "_api_" 20) ("lin" "_bpi_" 40)];
    "notion-token", "a token of Notion", "https://developers.notion.com/docs/authorization";
    ["ntn_[A-Za-z0-9]{40,50}" "secret_[A-Za-z0-9]{43}"]
    [("nt" "n_" d11 "z" 34) ("sec" "ret_" 43)]
    [("nt" "n_" 20) ("sec" "ret_" 20)];
    "airtable-token", "a token of Airtable", "https://airtable.com/developers/web/api/authentication";
    ["pat[A-Za-z0-9]{14}\\.[a-f0-9]{64}"]
    [("pa" "t" 14 "." h64) ("pa" "tZ" 13 "." h64)]
    [("pa" "t" 14 "." h32) ("pa" "t" 10 "." h64)];
    "asana-token", "a personal access token of Asana", "https://developers.asana.com/docs/personal-access-token";
    ["[012]/\\d{12,18}/\\d{12,18}:[a-f0-9]{32}" "[012]/\\d{12,18}:[a-f0-9]{32}"]
    [("2" "/" d16 "/" d16 ":" h32) ("1" "/" d16 ":" h32)]
    [("2" "/" d16 ":" h20) ("2" "/" d6 ":" h32)];
    "figma-token", "a token of Figma", "https://developers.figma.com/docs/rest-api/authentication/";
    ["figd_[A-Za-z0-9_-]{40,}" "figu_[A-Za-z0-9_-]{40,}" "figma_[A-Za-z0-9]{40,64}"]
    [("fi" "gu_" 40) ("fi" "gd_" 40) ("fi" "gd_-_" 43)]
    [("fi" "gd_" 20) ("xfi" "gd_" 40)];
    "typeform-token", "a token of Typeform", "https://www.typeform.com/developers/get-started/personal-access-token/";
    ["tfp_[A-Za-z0-9_.=-]{40,}"]
    [("tf" "p_" 44 "_" 12) ("tf" "p_" 59)]
    [("tf" "p_" 20) ("xtf" "p_" 44)];
    "intra42-secret", "a client secret of Intra 42", "https://api.intra.42.fr/apidoc/guides/getting_started";
    ["s-s4t2ud-[a-f0-9]{64}" "s-s4t2af-[a-f0-9]{64}"]
    [("s-s4" "t2ud-" h64) ("s-s4" "t2af-" h64)]
    [("s-s4" "t2ud-" h20) ("s-s4" "t2xx-" h64)];
    "hubspot-token", "an access token of a private app of HubSpot", "https://developers.hubspot.com/docs/guides/apps/private-apps/overview";
    ["pat-[a-z]{2}\\d-[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}"]
    [("pat-" "na1-" h8 "-" h4 "-" h4 "-" h4 "-" h12) ("pat-" "eu1-" h8 "-" h4 "-" h4 "-" h4 "-" h12)]
    [("pat-" "na1-" h8) ("pat-" "nab-" h8 "-" h4 "-" h4 "-" h4 "-" h12)];
    "lark-token", "a token of Lark", "https://open.larksuite.com/document/server-docs/getting-started/api-access-token/auth-v3/";
    ["t-g[a-z0-9]{3}[A-Za-z0-9]{35,45}" "u-[a-z0-9]{3}[A-Za-z0-9_-]{36,45}\\.[A-Za-z0-9]{8}"]
    [("t" "-g104" 38) ("t" "-g20z" 36)]
    [("t" "-g104" 20) ("xt" "-g104" 38)];
    "jwt", "a JSON web token, signed or encrypted", "https://www.rfc-editor.org/rfc/rfc7519";
    ["eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_.-]{0,}" "eyJ[A-Za-z0-9_-]{8,}\\.\\.[A-Za-z0-9_.-]{16,}"]
    [("ey" "J" 20 "." 40 "." 43) ("ey" "J" 20 "." 40 ".") ("ey" "J" 20 ".." 16 "." 40 "." 22)]
    [("ey" "J" 20) ("ey" "J" 20 "." 4 "." 43)];
};
