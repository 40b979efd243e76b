//! Programs that take a secret where no name says so.
//!
//! What lives here: the table, for the reader of commands and for the manual. What does not: long
//! options whose names say it (`name`), which need no table.
//!
//! Rules: a row finds nothing where its words do not stand; so a common name costs no text.

/// A program and where it takes a secret.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its names.
    pub names: &'static [&'static str],
    /// Words that stand behind it, in this order.
    pub words: &'static [&'static str],
    /// Where the secret stands.
    pub takes: Takes,
}

/// Where a program takes a secret.
#[derive(Clone, Copy, Debug)]
pub enum Takes {
    /// Behind one of these options, or attached to it.
    Option(&'static [&'static str], Part),
    /// Attached to one of these options only.
    Attached(&'static [&'static str]),
    /// In the argument of this number, from 0.
    Argument(usize),
    /// In the last argument.
    Last,
    /// Behind the argument whose name says secret.
    Named,
    /// In each argument `name=value`, or in those behind this option.
    Pairs(&'static [&'static str]),
    /// In a part of any argument.
    Word(Part),
    /// In the argument `name=value` of one of these names.
    Fields(&'static [&'static str]),
    /// In what it reads: the words of an `echo` before it, a word behind `<<<`, a document.
    Input(Part),
}

/// Which part of a word is the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// What stands behind the first `:`.
    Colon,
    /// What stands behind the first `%`.
    Percent,
    /// What stands behind `pass:`.
    Pass,
    /// All of it, where it has a `=`.
    Pair,
    /// What stands behind the first `,`.
    Comma,
    /// What stands between the first `/` and the last `@`.
    Slash,
}

const fn program(names: &'static [&'static str], words: &'static [&'static str], takes: Takes) -> Program {
    Program { names, words, takes }
}

const CONTAINERS: &[&str] = &[
    "docker", "podman", "nerdctl", "buildah", "helm", "skopeo", "crane", "oras", "regctl", "cosign", "az",
    "gcrane",
];
const SQL: &[&str] = &[
    "mysql",
    "mysqldump",
    "mysqladmin",
    "mysqlimport",
    "mysqlshow",
    "mysqlcheck",
    "mysqlpump",
    "mysqlsh",
    "mariadb",
    "mariadb-dump",
    "mariadb-admin",
    "mariadb-check",
    "mycli",
    "xtrabackup",
    "innobackupex",
];

/// The programs.
pub const PROGRAMS: &[Program] = &[
    program(
        &["curl", "curlie", "tiny-curl"],
        &[],
        Takes::Option(&["-u", "-U", "--user", "--proxy-user", "-E", "--cert"], Part::Colon),
    ),
    program(&["curl"], &[], Takes::Option(&["-b", "--cookie"], Part::Pair)),
    program(&["curl"], &[], Takes::Option(&["--oauth2-bearer"], Part::Whole)),
    program(&["http", "https", "xh", "xhs"], &[], Takes::Option(&["-a", "--auth"], Part::Colon)),
    program(&["http", "https", "xh", "xhs"], &["bearer"], Takes::Option(&["-a", "--auth"], Part::Whole)),
    program(&["wget", "lftp", "ncftpget", "ncftpput"], &[], Takes::Option(&["-u", "--user"], Part::Colon)),
    program(&["lftp"], &[], Takes::Option(&["-u"], Part::Comma)),
    program(&["ncftpget", "ncftpput"], &[], Takes::Option(&["-p"], Part::Whole)),
    program(SQL, &[], Takes::Attached(&["-p"])),
    program(&["sshpass"], &[], Takes::Option(&["-p"], Part::Whole)),
    program(&["plink", "pscp", "psftp"], &[], Takes::Option(&["-pw"], Part::Whole)),
    program(CONTAINERS, &["login"], Takes::Option(&["-p"], Part::Whole)),
    program(CONTAINERS, &["login", "--password-stdin"], Takes::Input(Part::Whole)),
    program(&["docker", "podman"], &["secret", "create"], Takes::Input(Part::Whole)),
    program(&["az"], &[], Takes::Option(&["-p"], Part::Whole)),
    program(&["az"], &["keyvault", "secret", "set"], Takes::Option(&["--value"], Part::Whole)),
    program(&["ansible-vault"], &["encrypt_string"], Takes::Argument(0)),
    program(&["base64"], &[], Takes::Input(Part::Colon)),
    program(&["oc"], &["login"], Takes::Option(&["-p"], Part::Whole)),
    program(&["cf"], &["login"], Takes::Option(&["-p"], Part::Whole)),
    program(&["cf"], &["auth"], Takes::Argument(1)),
    program(&["rabbitmqctl"], &["add_user"], Takes::Argument(1)),
    program(&["rabbitmqctl"], &["change_password"], Takes::Argument(1)),
    program(
        &["openssl"],
        &[],
        Takes::Option(&["-passin", "-passout", "-pass", "-password", "-passwd"], Part::Pass),
    ),
    program(&["openssl"], &["enc"], Takes::Option(&["-k", "-K"], Part::Whole)),
    program(&["openssl"], &["passwd"], Takes::Last),
    program(&["openssl"], &["passwd", "-stdin"], Takes::Input(Part::Whole)),
    program(&["7z", "7za", "7zr", "7zz", "rar", "unrar"], &[], Takes::Attached(&["-p", "-hp"])),
    program(&["zip", "unzip", "zipcloak", "fcrackzip"], &[], Takes::Option(&["-P"], Part::Whole)),
    program(&["qpdf"], &["--encrypt"], Takes::Argument(0)),
    program(&["ldapsearch", "ldapmodify", "ldapadd", "ldapdelete"], &[], Takes::Option(&["-w"], Part::Whole)),
    program(
        &["ldapwhoami", "ldappasswd", "ldapcompare"],
        &[],
        Takes::Option(&["-w", "-s", "-a"], Part::Whole),
    ),
    program(&["redis-cli", "keydb-cli", "valkey-cli"], &[], Takes::Option(&["-a", "--pass"], Part::Whole)),
    program(
        &["smbclient", "rpcclient", "net", "smbmap", "smbget", "smbcacls"],
        &[],
        Takes::Option(&["-U", "--user"], Part::Percent),
    ),
    program(&["mongo", "mongosh", "mongodump", "mongorestore"], &[], Takes::Option(&["-p"], Part::Whole)),
    program(&["mongoexport", "mongoimport"], &[], Takes::Option(&["-p"], Part::Whole)),
    program(&["sqlcmd", "bcp", "isql", "tsql"], &[], Takes::Option(&["-P"], Part::Whole)),
    program(&["influx", "cqlsh", "arangosh", "cypher-shell"], &[], Takes::Option(&["-p"], Part::Whole)),
    program(&["clickhouse-client"], &[], Takes::Option(&["--password"], Part::Whole)),
    program(&["ipmitool"], &[], Takes::Option(&["-P"], Part::Whole)),
    program(&["snmpwalk", "snmpget", "snmpset"], &[], Takes::Option(&["-A", "-X", "-c"], Part::Whole)),
    program(&["xfreerdp", "rdesktop"], &[], Takes::Option(&["-p", "/p:"], Part::Whole)),
    program(&["psexec", "winexe"], &[], Takes::Option(&["-p"], Part::Whole)),
    program(&["htpasswd"], &["-b"], Takes::Last),
    program(&["htpasswd"], &["-i"], Takes::Input(Part::Whole)),
    program(&["chpasswd"], &[], Takes::Input(Part::Colon)),
    program(&["passwd"], &[], Takes::Input(Part::Whole)),
    program(&["useradd", "usermod", "adduser"], &[], Takes::Option(&["-p"], Part::Whole)),
    program(&["sudo"], &["-S"], Takes::Input(Part::Whole)),
    program(&["gpg", "gpg2"], &["--passphrase-fd"], Takes::Input(Part::Whole)),
    program(&["cryptsetup"], &[], Takes::Input(Part::Whole)),
    program(&["net"], &["user"], Takes::Argument(1)),
    program(&["vault", "bao"], &["login"], Takes::Argument(0)),
    program(&["vault", "bao"], &["login", "-"], Takes::Input(Part::Whole)),
    program(&["vault", "bao"], &["kv", "put"], Takes::Pairs(&[])),
    program(&["vault", "bao"], &["kv", "patch"], Takes::Pairs(&[])),
    program(&["vault", "bao"], &["write"], Takes::Fields(&["value", "secret_id"])),
    program(&["vault", "bao"], &["unwrap"], Takes::Argument(0)),
    program(&["vault", "bao"], &["operator", "unseal"], Takes::Argument(0)),
    program(&["kubectl", "oc"], &["create", "secret"], Takes::Pairs(&["--from-literal"])),
    program(&["gh"], &["--with-token"], Takes::Input(Part::Whole)),
    program(&["gh"], &["secret", "set"], Takes::Input(Part::Whole)),
    program(&["gh"], &["secret", "set"], Takes::Option(&["-b", "--body"], Part::Whole)),
    program(&["gcloud"], &["secrets"], Takes::Input(Part::Whole)),
    program(&["glab"], &["--stdin"], Takes::Input(Part::Whole)),
    program(&["glab"], &["auth", "login"], Takes::Option(&["-t"], Part::Whole)),
    program(&["wrangler"], &["secret", "put"], Takes::Input(Part::Whole)),
    program(&["flyctl", "fly"], &["secrets", "set"], Takes::Pairs(&[])),
    program(&["heroku"], &["config:set"], Takes::Named),
    program(&["doppler"], &["secrets", "set"], Takes::Pairs(&[])),
    program(&["pulumi"], &["config", "set", "--secret"], Takes::Last),
    program(&["op"], &["signin"], Takes::Argument(2)),
    program(&["op"], &["signin"], Takes::Argument(3)),
    program(&["aws"], &["configure", "set"], Takes::Named),
    program(&["aws"], &["ssm", "put-parameter"], Takes::Option(&["--value"], Part::Whole)),
    program(&["redis-cli"], &["requirepass"], Takes::Argument(0)),
    program(&["redis-cli"], &["AUTH"], Takes::Last),
    program(&["sqlplus", "impdp", "expdp", "sqlldr"], &[], Takes::Word(Part::Slash)),
    program(&["bw"], &["login"], Takes::Argument(1)),
    program(&["bw"], &["unlock"], Takes::Argument(0)),
    program(&["doctl"], &["auth", "init"], Takes::Option(&["-t"], Part::Whole)),
    program(&["codecov", "codecovcli"], &[], Takes::Option(&["-t"], Part::Whole)),
    program(&["poetry", "twine"], &["publish"], Takes::Option(&["-p"], Part::Whole)),
    program(&["git"], &["config"], Takes::Named),
    program(&["npm", "pnpm", "yarn", "bun"], &["config", "set"], Takes::Named),
    program(&["npm", "pnpm"], &["set"], Takes::Named),
    program(&["pip", "pip3", "poetry", "composer", "bundle", "conda", "gem"], &["config"], Takes::Named),
    program(&["poetry"], &["config"], Takes::Last),
    program(&["cargo"], &["login"], Takes::Argument(0)),
    program(&["dotnet"], &["user-secrets", "set"], Takes::Argument(1)),
    program(&["nuget"], &["setapikey"], Takes::Argument(0)),
    program(&["dotnet"], &["nuget", "push"], Takes::Option(&["-k", "--api-key"], Part::Whole)),
    program(&["twine"], &["upload"], Takes::Option(&["-p"], Part::Whole)),
    program(&["svn", "hg", "ansible", "ansible-playbook"], &[], Takes::Option(&["--password"], Part::Whole)),
    program(&["set"], &["-x"], Takes::Named),
    program(&["set"], &["-l"], Takes::Named),
    program(&["set"], &["-g"], Takes::Named),
    program(&["set"], &["-U"], Takes::Named),
    program(&["set"], &["-gx"], Takes::Named),
    program(&["set"], &["-lx"], Takes::Named),
    program(&["set"], &["-Ux"], Takes::Named),
    program(&["mysqladmin", "mariadb-admin"], &["password"], Takes::Last),
    program(&["glab"], &["variable", "set"], Takes::Argument(1)),
    program(&["wandb"], &["login"], Takes::Argument(0)),
    program(&["mc"], &["alias", "set"], Takes::Last),
    program(&["mkpasswd"], &[], Takes::Argument(0)),
    program(&["setx", "setenv", "SETX"], &[], Takes::Named),
    program(&["ConvertTo-SecureString"], &[], Takes::Argument(0)),
    program(&["kinit"], &["--password-file=STDIN"], Takes::Input(Part::Whole)),
    program(&["su", "kinit", "smbpasswd", "pdbedit"], &[], Takes::Input(Part::Whole)),
    program(&["mosquitto_pub", "mosquitto_sub", "mosquitto_rr"], &[], Takes::Option(&["-P"], Part::Whole)),
    program(&["mosquitto_passwd"], &["-b"], Takes::Last),
    program(&["tailscale"], &["up"], Takes::Option(&["--authkey", "--auth-key"], Part::Whole)),
    program(&["ngrok"], &["authtoken"], Takes::Argument(0)),
    program(&["ngrok"], &["add-authtoken"], Takes::Argument(0)),
    program(&["wpa_passphrase"], &[], Takes::Argument(1)),
    program(&["nmcli"], &["password"], Takes::Last),
    program(&["steamcmd"], &["+login"], Takes::Argument(1)),
    program(&["signtool"], &["sign"], Takes::Option(&["/p"], Part::Whole)),
    program(&["keytool", "jarsigner"], &[], Takes::Option(&["-storepass", "-keypass"], Part::Whole)),
    program(&["security"], &["unlock-keychain"], Takes::Option(&["-p"], Part::Whole)),
    program(&["security"], &["create-keychain"], Takes::Option(&["-p"], Part::Whole)),
    program(&["security"], &["import"], Takes::Option(&["-P"], Part::Whole)),
    program(&["security"], &["add-generic-password"], Takes::Option(&["-w"], Part::Whole)),
    program(&["ssh-keygen"], &[], Takes::Option(&["-N", "-P"], Part::Whole)),
    program(&["gitlab-runner"], &["register"], Takes::Option(&["-r"], Part::Whole)),
    program(&["sonar-scanner", "mvn", "gradle"], &[], Takes::Option(&["-Dsonar.login="], Part::Whole)),
];

/// The longest name that has a place of its own in the table.
const LONG: usize = 15;

/// Which rows have a name that begins with a letter and is so long.
static BEGINNING: [[u128; LONG + 1]; 26] = {
    assert!(PROGRAMS.len() <= 128);
    let (mut table, mut row) = ([[0; LONG + 1]; 26], 0);
    while row < PROGRAMS.len() {
        let mut at = 0;
        while at < PROGRAMS[row].names.len() {
            let (letter, length) = place(PROGRAMS[row].names[at].as_bytes());
            table[letter][length] |= 1 << row;
            at += 1;
        }
        row += 1;
    }
    table
};

const fn place(name: &[u8]) -> (usize, usize) {
    let letter = (name[0] | 0x20).wrapping_sub(b'a') as usize % 26;
    (letter, if name.len() < LONG { name.len() } else { LONG })
}

/// The rows of a program of this name.
pub(super) fn named(name: &[u8]) -> impl Iterator<Item = &'static Program> {
    let (letter, length) = if name.is_empty() { (0, 0) } else { place(name) };
    let mut rows = BEGINNING[letter][length];
    std::iter::from_fn(move || {
        let row = PROGRAMS.get(rows.trailing_zeros() as usize)?;
        rows &= rows - 1;
        Some(row)
    })
    .filter(move |row| row.names.iter().any(|known| known.as_bytes() == name))
}
