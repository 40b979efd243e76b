//! How many made-up secrets are missed, in the forms that people write.

use crate::mask::rules::{Drawn, masked};
use crate::stage::random::Random;

const MIXED: &str = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const SIGNS: &str = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!%+-_./:^~";

/// Where a secret stands.
const FORMS: &[&str] = &[
    "export DB_PASSWORD={}",
    "DB_PASSWORD={} ./run",
    "export API_TOKEN='{}'",
    "SECRET=\"{}\" make",
    "PASS+={}",
    "declare -x MY_SECRET={}",
    "$env:API_KEY = \"{}\"",
    "set -x API_TOKEN {}",
    "TOKENS=({} {})",
    "PASSWORDS[0]={}",
    "{\"password\": \"{}\"}",
    "{\"api_key\":\"{}\"}",
    "{\"tokens\": [\"{}\", \"{}\"]}",
    "password: {}",
    "  client_secret: \"{}\"",
    "  - token: '{}'",
    "password: |\n  {}\nnext: x",
    "[db]\npassword = {}\n",
    "machine h login u password {}",
    "CREATE USER x PASSWORD '{}'",
    "ALTER USER x IDENTIFIED BY '{}'",
    "my password is {}",
    "note: pw: {}",
    "deploy --password {}",
    "deploy --password={}",
    "deploy --token '{}'",
    "deploy --api-key=\"{}\"",
    "deploy --client-secret {} --x",
    "deploy --passphrase {}",
    "curl -u me:{} https://host.example",
    "curl --user 'me:{}' x",
    "curl -sSLu me:{} x",
    "wget --password={} x",
    "mysql -u root -p{} db",
    "mysqldump -p'{}' db > x.sql",
    "sshpass -p {} ssh host",
    "docker login -u me -p {} registry.example",
    "sudo docker login -u me -p '{}'",
    "openssl enc -aes-256-cbc -pass pass:{} -in a",
    "openssl rsa -passin 'pass:{}' -in k",
    "7z a -p{} x.7z y",
    "zip -P {} x.zip y",
    "ldapsearch -x -w {} -b dc=x",
    "redis-cli -a {} ping",
    "smbclient //h/s -U 'me%{}'",
    "mongo -u me -p {} db",
    "sqlcmd -S h -U sa -P {}",
    "az login --service-principal -u x -p {}",
    "gpg --batch --passphrase {} -d x",
    "htpasswd -b f me {}",
    "aws configure set aws_secret_access_key {}",
    "git config --global github.token {}",
    "npm config set //registry.npmjs.org/:_authToken {}",
    "echo {} | docker login -u me --password-stdin",
    "printf '%s' '{}' | docker login -u me --password-stdin",
    "docker login --password-stdin <<< '{}'",
    "echo 'me:{}' | chpasswd",
    "net user me {} /add",
    "vault login {}",
    "vault kv put secret/x password={} b=c",
    "gh auth login --with-token <<< {}",
    "kubectl create secret generic n --from-literal=k={}",
    "kubectl create secret generic n --from-literal k={}",
    "docker build --build-arg API_TOKEN={} .",
    "docker run -e DB_PASSWORD={} x",
    "docker run --env=DB_PASSWORD={} x",
    "docker run --env 'DB_PASSWORD={}' x",
    "curl -H 'Authorization: Bearer {}' x",
    "curl -H \"X-Api-Key: {}\" x",
    "curl -H 'Cookie: session={}' x",
    "curl -H 'PRIVATE-TOKEN: {}' x",
    "curl -H 'X-Vault-Token: {}' x",
    "curl -H \"authorization: token {}\" x",
    "http x Authorization:'Bearer {}'",
    "bash -c \"curl -H 'Authorization: Bearer {}' x\"",
    "ssh host 'export PASSWORD={}; run'",
    "bash -c 'mysql -p{} db'",
    "sh -c \"sh -c 'sshpass -p {} ssh h'\"",
    "cat <<EOF > .env\nDB_PASSWORD={}\nEOF\n",
    "bash <<'EOF'\nmysql -p{} db\nEOF\n",
    "true && export TOKEN={}",
    "X=1; TOKEN={}; run",
    "(TOKEN={} run)",
    "--pa''ssword {}x\nPASSWORD={}",
    "sudo -S ls <<< '{}'",
    "echo '{}' | sudo -S apt update",
    "java -Ddb.password={} -jar x.jar",
    "mvn -Dpassword={} x",
    "gradle -PsigningPassword={} x",
    "helm install x --set auth.password={} y",
    "ansible-playbook -e 'db_password={}' x",
    "flyctl secrets set NAME={}",
    "DB_PASSWORD={}\\\n",
    "# old password: {}",
    "docker login --password-stdin <<EOF\n{}\nEOF\n",
    "echo {} |\n  docker login --password-stdin",
    "psql -c \"CREATE USER x WITH PASSWORD '{}'\"",
    "Proxy-Authorization: Basic {}",
    "curl -H 'Authorization: Digest username=\"x\", response=\"{}\"' x",
    "Set-Cookie: sid={}; Path=/",
    "curl -b 'sid={}' x",
    "env DB_PASSWORD={} run",
    "sudo env 'DB_PASSWORD={}' run",
    "kubectl exec p -- mysql -p{}",
    "if true; then TOKEN={} run; fi",
    "for x in a; do sshpass -p {} ssh h; done",
    "X=$(mysql -p{} -e 'select 1')",
    "echo \"$(sshpass -p {} ssh h)\"",
    "`mysql -p{}`",
    "run --auth-token={} &",
    "run --access-key {} | cat",
    "DB_PASSWORD={} && run",
    "const password = '{}';",
    "password => '{}'",
    "'password' => '{}',",
    "<password>{}</password>",
    "password=\\\"{}\\\"",
    "${DB_PASSWORD:-{}}",
    "token: {} # comment",
    "PASSWORD = {}",
    "spring.datasource.password={}",
    "key_password: {}",
    "--docker-password={}",
    "--http-password {}",
    "-password {}",
    "--pass {}",
    "x.token={}",
    "az keyvault secret set --name n --value {}",
    "ansible-vault encrypt_string '{}' --name n",
    "echo -n 'u:{}' | base64",
    "terraform apply -var 'db_password={}'",
    "psql \"host=h password={} user=u\"",
    "php -r '$password = \"{}\";'",
    "python -c 'os.environ[\"API_KEY\"]=\"{}\"'",
    "echo 'export API_KEY={}' >> ~/.bashrc",
    "curl -d 'a=b&password={}' x",
    "npm publish --otp={}",
    "curl --proxy http://u:{}@p:3128 x",
    "x --data '{\"password\":\"{}\"}'",
    "x --data \"{\\\"password\\\":\\\"{}\\\"}\"",
];

/// Where a secret of plain letters stands: an address has no other.
const ADDRESSES: &[&str] = &[
    "git clone https://me:{}@host.example/x.git",
    "psql postgres://me:{}@db/x",
    "curl 'https://host.example/?access_token={}'",
    "curl \"https://host.example/?a=b&sig={}\"",
    "redis://:{}@h:6379",
    "curl https://host.example/x?X-Amz-Signature={}",
    "git remote add o https://{}@host.example/x",
];

#[test]
fn one_secret_of_a_hundred_is_missed_at_most() {
    let mut drawn = Drawn(Random::new(2026));
    let (mut all, mut missed) = (0, Vec::new());
    for round in 0..10 {
        for form in FORMS.iter().chain(ADDRESSES) {
            let signs = round % 2 == 1
                && FORMS.contains(form)
                && form.contains(['\'', '"'])
                && !form.contains('&')
                && !form.contains("host=")
                && !form.contains("://");
            let mut secret = drawn.text(MIXED, 18) + "7a";
            if signs {
                secret = format!("{}{}{}", drawn.text(MIXED, 3), drawn.text(SIGNS, 9), drawn.text(MIXED, 2));
            }
            let text = form.replace("{}", &secret);
            all += 1;
            if masked(&text).is_none_or(|text| text.contains(&secret)) {
                missed.push(text);
            }
        }
    }
    println!("missed {} of {all}: {missed:#?}", missed.len());
    missed.sort();
    assert!(missed.len() * 100 <= all, "{} of {all}\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn a_token_alone_is_found_wherever_it_stands() {
    let places = [
        "{}",
        "export X={}",
        "echo '{}'",
        "echo \"{}\"",
        "curl https://host.example/{}/x",
        "https://host.example/?x={}",
        "cat <<E\n{}\nE\n",
        "bash -c 'x {}'",
        "true && {}",
        "%22{}%22",
        "\\\"{}\\\"",
        "a\\n{}\\nb",
        "{\"a\":\"{}\"}",
        "x={};y",
        "[{}]",
        "<{}>",
        "a,{},b",
        "`{}`",
        "$({})",
        "-H 'X: {}'",
        "#{}",
        "({})",
        "\\u0022{}\\u0022",
        "\t{}\r\n",
        "a:{}",
        "a@{}",
        "a|{}",
        "\u{e9}{}",
        "{}\u{e9}",
    ];
    let mut wrong = Vec::new();
    for rule in attesh::mask::RULES.iter().filter(|rule| !rule.patterns.is_empty()) {
        for (example, place) in rule.examples.iter().flat_map(|example| places.map(|place| (example, place)))
        {
            let text = place.replace("{}", example);
            if masked(&text).is_none_or(|text| text.contains(*example)) {
                wrong.push(text);
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_word_is_read_without_its_quotes() {
    for (text, shown) in [
        ("mysql -p'pa''ss1' x", "mysql -p[option*] x"),
        ("x --password \"to\"ken7 y", "x --password [option*] y"),
        ("x --password to\\ ken7 y", "x --password [option*] y"),
        ("x --password $'to\\'ken7' y", "x --password $'[option*]' y"),
        ("x --pass'word' tok7 y", "x --pass'word' [option*] y"),
        ("TOKEN='$ecret7' x", "TOKEN='[assignment*]' x"),
        ("x --password 'a b c' y", "x --password '[option*]' y"),
    ] {
        assert_eq!(masked(text).as_deref(), Some(shown));
    }
    let token = concat!("gh", "p_ab\"\"cdefghijklmnopqrstuvwxyz01'23456789'");
    assert_eq!(masked(&format!("x {token} y")).as_deref(), Some("x [github-token*] y"));
}

#[test]
fn what_stands_between_marks_is_masked() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for line in include_str!("found.txt").lines() {
        let text = line.replace('\u{23ce}', "\n");
        let parts: Vec<&str> = text.split(['\u{ab}', '\u{bb}']).collect();
        assert!(parts.len() >= 3 && parts.len() % 2 == 1, "{line}");
        count += 1;
        let plain = parts.concat();
        let shown = masked(&plain).unwrap_or(plain);
        // Each secret is gone, and what stands around them stays in its order.
        let mut rest = shown.as_str();
        let around = parts.iter().step_by(2).all(|part| {
            let after = rest.split_once(part).map(|(_, after)| after);
            rest = after.unwrap_or_default();
            after.is_some()
        });
        let gone = parts.iter().skip(1).step_by(2).all(|secret| !shown.contains(secret));
        if !gone || !around || masked(&shown).is_some() {
            wrong.push(format!("{line}: {shown}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}\n{}", wrong.len(), wrong.join("\n"));
}
