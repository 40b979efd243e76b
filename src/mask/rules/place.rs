//! Rules that go by the place of a secret.

use super::sample::{Rule, rules};

pub(super) const PLACE: &[Rule] = rules! {
    "private-key", "a private key of PEM, OpenSSH, PGP or PuTTY", "https://www.rfc-editor.org/rfc/rfc7468";
    []
    [("-----BEGIN RSA PRIVATE" " KEY-----\nZq8vR3kT1nW\n-----END RSA PRIVATE" " KEY-----") ("# -----BEGIN OPENSSH PRIVATE" " KEY-----\n# Zq8vR3kT1nW\n") ("PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\nZq8vR3kT1nW\n")]
    [("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----") ("grep -q '-----BEGIN RSA PRIVATE" " KEY-----' f")];
    "url-password", "the password before the host of an address", "https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1";
    []
    [("git clone https://me:Zq8vR3kT1nW@host.example/x.git") ("psql postgres://me:a/Zq8vR3kT1nW?#:@db.example:5432/x")]
    [("curl http://localhost:8080/a@b") ("git clone https://me:$PASSWORD@host.example/x.git") ("ssh://git@host.example/x")];
    "url-token", "a token before the host of an address", "https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1";
    []
    [("git clone https://Zq8vR3kT1nW7aB9cD@host.example/x.git") ("https://Zq8vR3kT1nW7aB9cD:x-oauth-basic@host.example/x")]
    [("git clone https://someone@host.example/x.git") ("https://host.example/@scope/Zq8vR3kT1nW7aB9cD")];
    "url-parameter", "a parameter of an address that signs or logs in", "https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html";
    []
    [("curl 'https://host.example/x?a=1&sig=Zq8vR3kT1nW7aB9cD%3D'") ("https://host.example/x?X-Amz-Signature=Zq8vR3kT1nW7aB9cD")]
    [("https://host.example/x?key=value") ("https://host.example/x?sign=Zq8vR3kT1nW7aB9cD")];
    "header", "what logs in, in a header", "https://www.rfc-editor.org/rfc/rfc9110#section-11.6.2";
    []
    [("curl -H 'Authorization: Bearer Zq8vR3kT1nW' x") ("curl -H \"Cookie: session=Zq8vR3kT1nW; a=b\" x") ("curl -H X-Custom-Token:Zq8vR3kT1nW x")]
    [("curl -H \"Authorization: Bearer $TOKEN\" x") ("curl -H 'Content-Type: application/json' x")];
    "option", "an option that takes a secret", "https://curl.se/docs/manpage.html";
    []
    [("deploy --password Zq8vR3kT1nW --user me") ("deploy --api-key=Zq8vR3kT1nW") ("curl -u me:Zq8vR3kT1nW x") ("mysql -u root -p'Zq8v''R3kT1nW'")]
    [("docker login --password-stdin") ("deploy --token-file /run/token --private-key keys/x.pem") ("mysql -u root -p db") ("deploy --password \"$PASSWORD\"")];
    "argument", "an argument that is a secret", "https://developer.hashicorp.com/vault/docs/commands";
    []
    [("vault login Zq8vR3kT1nW") ("htpasswd -b file me Zq8vR3kT1nW") ("aws configure set aws_secret_access_key Zq8vR3kT1nW") ("kubectl create secret generic n --from-literal=k=Zq8vR3kT1nW")]
    [("vault status") ("aws configure set region eu-central-1") ("git config user.name someone")];
    "input", "what a program reads that asks for a secret", "https://docs.docker.com/reference/cli/docker/login/";
    []
    [("echo Zq8vR3kT1nW | docker login -u me --password-stdin") ("gh auth login --with-token <<< Zq8vR3kT1nW") ("echo me:Zq8vR3kT1nW | chpasswd")]
    [("echo \"$TOKEN\" | docker login -u me --password-stdin") ("echo hello | cat")];
    "assignment", "what a name is given that says secret", "https://www.gnu.org/software/bash/manual/html_node/Shell-Parameters.html";
    []
    [("export DB_PASSWORD=Zq8vR3kT1nW") ("{\"client_secret\": \"Zq8vR3kT1nW\"}") ("password: |\n  Zq8vR3kT1nW\nuser: me") ("my password is Zq8vR3kT1nW")]
    [("PASS=12") ("PROJECT_PWD=/path") ("TOKEN_FILE=/run/token") ("existingSecret: name") ("PASSWORD=$1")];
    "variable", "the value of a variable whose name says secret", "https://www.gnu.org/software/bash/manual/html_node/Environment.html";
    []
    [("DB_PASSWORD=Zq8vR3kT1nW") ("API_TOKEN=Zq8vR3kT1nW")]
    [("DB_NAME=Zq8vR3kT1nW") ("OLDPWD=/path")];
};
