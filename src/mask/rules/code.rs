//! Rules of hosts of code, registries of packages, and builders.

use super::sample::{Rule, rules};

pub(super) const CODE: &[Rule] = rules! {
    "github-token", "a token of GitHub", "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github";
    ["ghp_[A-Za-z0-9]{36,255}" "gho_[A-Za-z0-9]{36,255}" "ghu_[A-Za-z0-9]{36,255}" "ghr_[A-Za-z0-9]{36,255}" "ghs_[A-Za-z0-9._-]{36,}" "github_pat_[A-Za-z0-9_]{50,255}"]
    [("gh" "p_" 36) ("gh" "s_123456_" 30 "." 40 "." 40) ("github" "_pat_" 22 "_" 59)]
    [("gh" "p_" 32) ("xgh" "p_" 36)];
    "gitlab-token", "a token of GitLab", "https://docs.gitlab.com/security/tokens/";
    ["glpat-[A-Za-z0-9_.-]{20,}" "gldt-[A-Za-z0-9_.-]{20,}" "glrt-[A-Za-z0-9_.-]{20,}" "glrtr-[A-Za-z0-9_.-]{20,}" "glptt-[A-Za-z0-9_.-]{20,}" "glcbt-[A-Za-z0-9_.-]{20,}" "glft-[A-Za-z0-9_.-]{20,}" "glimt-[A-Za-z0-9_.-]{20,}" "glagent-[A-Za-z0-9_.-]{20,}" "gloas-[A-Za-z0-9_.-]{20,}" "glsoat-[A-Za-z0-9_.-]{20,}" "glffct-[A-Za-z0-9_.-]{20,}" "glwt-[A-Za-z0-9_.-]{20,}" "GR1348941[A-Za-z0-9_-]{20,}"]
    [("gl" "pat-" 20) ("gl" "pat-" 27 ".01.1a2b3c4d5") ("GR13" "48941" 20)]
    [("gl" "pat-" 10) ("xgl" "pat-" 20)];
    "bitbucket-token", "an app password or token of Bitbucket", "https://support.atlassian.com/bitbucket-cloud/docs/app-passwords/";
    ["ATBB[A-Za-z0-9_=-]{24,}"]
    [("AT" "BB" 32) ("AT" "BB" 28)]
    [("AT" "BB" 10) ("CAT" "BB" 32)];
    "atlassian-token", "an API token of Atlassian", "https://support.atlassian.com/atlassian-account/docs/manage-api-tokens-for-your-atlassian-account/";
    ["ATATT3[A-Za-z0-9_=-]{60,}" "ATCTT3[A-Za-z0-9_=-]{60,}"]
    [("AT" "ATT3" 60 "=" u8) ("AT" "CTT3" 60)]
    [("AT" "ATT3" 20) ("AT" "ATT4" 60)];
    "npm-token", "a token of the npm registry", "https://docs.npmjs.com/about-access-tokens";
    ["npm_[A-Za-z0-9]{36}"]
    [("np" "m_" 36) ("np" "m_AB" 34)]
    [("np" "m_" 30) ("np" "m_config_registry_of_the_company_name")];
    "pypi-token", "an upload token of PyPI", "https://github.com/pypi/warehouse/tree/main/docs";
    ["pypi-AgE[A-Za-z0-9_-]{50,}"]
    [("py" "pi-AgEIcHlwaS5vcmc" 60) ("py" "pi-AgENdGVzdC5weXBpLm9yZw" 60)]
    [("py" "pi-AgE" 20) ("py" "pi-server-for-the-packages-of-the-company-and-its-mirrors")];
    "crates-token", "a token of the registry of cargo", "https://doc.rust-lang.org/cargo/reference/registry-authentication.html";
    ["cio[A-Za-z0-9]{32}"]
    [("ci" "o" 32) ("ci" "oAb" 30)]
    [("ci" "o" 31) ("xci" "o" 32)];
    "rubygems-token", "an API key of RubyGems", "https://guides.rubygems.org/api-key-scopes/";
    ["rubygems_[a-f0-9]{48}"]
    [("ruby" "gems_" h48) ("ruby" "gems_ab" h46)]
    [("ruby" "gems_" h40) ("ruby" "gems_mirror_of_the_company")];
    "nuget-key", "an API key of NuGet", "https://learn.microsoft.com/en-us/nuget/nuget-org/publish-a-package";
    ["oy2[a-z0-9]{43}"]
    [("oy" "2" h43) ("oy" "2z" h42)]
    [("oy" "2" h40) ("boy" "2" h43)];
    "clojars-token", "a deploy token of Clojars", "https://github.com/clojars/clojars-web/wiki/Deploy-Tokens";
    ["CLOJARS_[a-z0-9]{60}"]
    [("CLO" "JARS_" h60) ("CLO" "JARS_z" h59)]
    [("CLO" "JARS_" h40) ("CLO" "JARS_USERNAME")];
    "docker-token", "an access token of Docker Hub", "https://docs.docker.com/security/access-tokens/";
    ["dckr_pat_[A-Za-z0-9_-]{20,}" "dckr_oat_[A-Za-z0-9_-]{20,}"]
    [("dckr" "_pat_" 27) ("dckr" "_oat_" 32)]
    [("dckr" "_pat_" 10) ("dckr" "_cat_" 27)];
    "artifactory-key", "an API key or reference token of JFrog", "https://jfrog.com/help/r/jfrog-platform-administration-documentation/access-tokens";
    ["AKCp[A-Za-z0-9]{60,80}" "cmVmd[A-Za-z0-9]{55,70}"]
    [("AK" "Cp" 69) ("cm" "Vmd" 59)]
    [("AK" "Cp" 30) ("cm" "Vmd" 30)];
    "buildkite-token", "a token of Buildkite", "https://buildkite.com/docs/platform/security/tokens";
    ["bkua_[A-Za-z0-9]{40,}" "bkaa_[A-Za-z0-9]{40,}" "bkaj_[A-Za-z0-9_.-]{40,}" "bkat_[A-Za-z0-9]{40,80}" "bkct_[A-Za-z0-9]{40,80}"]
    [("bk" "ua_" h40) ("bk" "ua_" 60) ("bk" "aa_" 43)]
    [("bk" "ua_" h20) ("xbk" "ua_" h40)];
    "circleci-token", "a token of CircleCI", "https://circleci.com/docs/managing-api-tokens/";
    ["CCIPAT_[A-Za-z0-9]{22}_[A-Fa-f0-9]{40}" "CCIPRJ_[A-Za-z0-9]{22}_[A-Fa-f0-9]{40}"]
    [("CCI" "PAT_" 22 "_" h40) ("CCI" "PRJ_" 22 "_" h40)]
    [("CCI" "PAT_" 22 "_" h32) ("CCI" "PAT_" 20)];
    "sonar-token", "a token of SonarQube", "https://docs.sonarsource.com/sonarqube-server/latest/user-guide/managing-tokens/";
    ["sqp_[a-f0-9]{40}" "squ_[a-f0-9]{40}" "sqa_[a-f0-9]{40}"]
    [("sq" "p_" h40) ("sq" "u_" h40)]
    [("sq" "p_" h32) ("sq" "x_" h40)];
    "snyk-token", "a token of Snyk", "https://docs.snyk.io/developer-tools/snyk-api/authentication-for-api";
    ["snyk_uat\\.[a-z0-9]{8}\\.[A-Za-z0-9_.-]{20,}" "snyk_sat\\.[a-z0-9]{8}\\.[A-Za-z0-9_.-]{20,}"]
    [("snyk" "_uat.1a2b3c4d." 40) ("snyk" "_sat.1a2b3c4d." 40)]
    [("snyk" "_uat.1a2b3c4d." 10) ("snyk" "_uat_1a2b3c4d_" 40)];
    "terraform-token", "a token of HCP Terraform", "https://developer.hashicorp.com/terraform/cloud-docs/users-teams-organizations/api-tokens";
    ["[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_-]{60,}"]
    [(14 ".atlas" "v1." 67) (14 ".atlas" "v1." 60)]
    [(14 ".atlas" "v1." 20) (10 ".atlas" "v1." 67)];
    "vault-token", "a token of HashiCorp Vault", "https://developer.hashicorp.com/vault/docs/concepts/tokens";
    ["hvs\\.[A-Za-z0-9_-]{24,}" "hvb\\.[A-Za-z0-9_-]{24,}" "hvr\\.[A-Za-z0-9_-]{24,}" "s\\.[A-Za-z0-9]{24}"]
    [("hv" "s." 24) ("hv" "b." 100) ("s" "." 24)]
    [("hv" "s." 10) ("s" "." 20)];
    "pulumi-token", "an access token of Pulumi", "https://www.pulumi.com/docs/pulumi-cloud/access-management/access-tokens/";
    ["pul-[a-f0-9]{40}"]
    [("pu" "l-" h40) ("pu" "l-ab" h38)]
    [("pu" "l-" h32) ("pu" "l-request-template-for-the-company-team")];
    "doppler-token", "a token of Doppler", "https://docs.doppler.com/docs/service-tokens";
    ["dp\\.pt\\.[A-Za-z0-9]{40,44}" "dp\\.ct\\.[A-Za-z0-9]{40,44}" "dp\\.sa\\.[A-Za-z0-9]{40,44}" "dp\\.scim\\.[A-Za-z0-9]{40,44}" "dp\\.audit\\.[A-Za-z0-9]{40,44}" "dp\\.st\\.[A-Za-z0-9_.-]{40,}"]
    [("dp" ".pt." 43) ("dp" ".st.dev." 40)]
    [("dp" ".pt." 20) ("dp" ".xt." 43)];
    "onepassword-token", "a service token or secret key of 1Password", "https://developer.1password.com/docs/service-accounts/";
    ["ops_eyJ[A-Za-z0-9_=+/-]{60,}" "A3-[A-Z0-9]{6}-[A-Z0-9]{6}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}" "A3-[A-Z0-9]{6}-[A-Z0-9]{11}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}"]
    [("ops" "_eyJ" 100) ("A" "3-" u6 "-" u6 "-" u5 "-" u5 "-" u5 "-" u5)]
    [("ops" "_eyJ" 20) ("A" "3-" u6 "-" u6 "-" u5)];
    "age-key", "a secret key of age", "https://github.com/FiloSottile/age";
    ["AGE-SECRET-KEY-1[A-Z0-9]{58}" "AGE-SECRET-KEY-PQ-1[A-Z0-9]{58,}"]
    [("AGE-SECRET" "-KEY-1" u58) ("AGE-SECRET" "-KEY-1QQ" u56)]
    [("AGE-SECRET" "-KEY-1" u20) ("age-secret" "-key-1" u58)];
    "sentry-token", "a token of Sentry", "https://docs.sentry.io/account/auth-tokens/";
    ["sntrys_[A-Za-z0-9+/=_-]{60,}" "sntryu_[a-f0-9]{64}"]
    [("snt" "rys_eyJ" 100) ("snt" "ryu_" h64)]
    [("snt" "rys_" 20) ("snt" "ryu_" h32)];
    "grafana-token", "a token of Grafana", "https://grafana.com/docs/grafana/latest/administration/service-accounts/";
    ["glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}" "glc_[A-Za-z0-9+/=]{32,}"]
    [("gl" "sa_" 32 "_" h8) ("gl" "c_eyJ" 60)]
    [("gl" "sa_" 32) ("gl" "c_" 20)];
    "postman-key", "an API key of Postman", "https://learning.postman.com/docs/developer/postman-api/authentication/";
    ["PMAK-[a-f0-9]{24}-[a-f0-9]{34}"]
    [("PM" "AK-" h24 "-" h34) ("PM" "AK-ab" h22 "-" h34)]
    [("PM" "AK-" h24) ("PM" "AK-" h20 "-" h34)];
    "prefect-key", "an API key of Prefect", "https://docs.prefect.io/v3/how-to-guides/cloud/manage-users/api-keys";
    ["pnu_[A-Za-z0-9]{36}" "pnb_[A-Za-z0-9]{36}"]
    [("pn" "u_" 36) ("pn" "b_" 36)]
    [("pn" "u_" 30) ("pn" "x_" 36)];
    "readme-key", "an API key of ReadMe", "https://docs.readme.com/main/reference/intro/authentication";
    ["rdme_[a-z0-9]{70}"]
    [("rd" "me_" h70) ("rd" "me_xn8s9h" h64)]
    [("rd" "me_" h40) ("rd" "me_for_all_projects")];
    "launchdarkly-key", "a key of LaunchDarkly", "https://launchdarkly.com/docs/home/account/api";
    ["api-[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}" "sdk-[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}"]
    [("ap" "i-" h8 "-" h4 "-" h4 "-" h4 "-" h12) ("sd" "k-" h8 "-" h4 "-" h4 "-" h4 "-" h12)]
    [("ap" "i-" h8 "-" h4) ("urn-" h8 "-" h4 "-" h4 "-" h4 "-" h12)];
    "contentful-token", "a management token of Contentful", "https://www.contentful.com/developers/docs/references/authentication/";
    ["CFPAT-[A-Za-z0-9_-]{43}"]
    [("CF" "PAT-" 43) ("CF" "PAT-a-b_" 39)]
    [("CF" "PAT-" 20) ("XCF" "PAT-" 43)];
    "deno-token", "a deploy key of Deno Deploy", "https://docs.deno.com/deploy/manual/";
    ["ddp_[A-Za-z0-9]{36}" "ddo_[A-Za-z0-9]{36}"]
    [("dd" "p_" 36) ("dd" "o_" 36)]
    [("dd" "p_" 30) ("dd" "x_" 36)];
};
