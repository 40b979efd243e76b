use super::*;

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[7; 32])
}

#[test]
fn each_spelling_of_a_public_key_reads_back() {
    let public = key().public();
    assert_eq!(PublicKey::from_spki_pem(&public.to_spki_pem()).unwrap(), public);
    assert_eq!(PublicKey::from_ssh_blob(&public.to_ssh_blob()).unwrap(), public);
    assert_eq!(PublicKey::from_bytes(&public.to_bytes()).unwrap(), public);
    assert!(public.fingerprint().starts_with("SHA256:"));
    assert_eq!(public.fingerprint().len(), "SHA256:".len() + 43);
}

#[test]
fn public_keys_that_verify_what_nobody_signed_are_refused() {
    // y = 1 is the neutral point, y = 0 and y = -1 have small order; p + 1 is y = 1 again.
    let mut minus_one = [0xff; 32];
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    let mut second_spelling = minus_one;
    second_spelling[0] = 0xee;
    let mut one = [0; 32];
    one[0] = 1;
    // p + 3: of large order, but a spelling that is not the canonical one.
    let mut non_canonical = minus_one;
    non_canonical[0] = 0xf0;
    let mut off_curve = [0; 32];
    off_curve[0] = 2;
    for bytes in [[0; 32], one, minus_one, second_spelling, non_canonical, off_curve] {
        assert_eq!(PublicKey::from_bytes(&bytes), Err(KeyError::BadPoint), "{bytes:02x?}");
    }
}

#[test]
fn openssh_key_data_is_read_to_its_last_byte() {
    let good = key().public().to_ssh_blob();
    let mut long = good.clone();
    long.push(0);
    assert!(PublicKey::from_ssh_blob(&long).is_err());
    for end in 0..good.len() {
        assert!(PublicKey::from_ssh_blob(&good[..end]).is_err());
    }
    let mut rsa = vec![0, 0, 0, 7];
    rsa.extend_from_slice(b"ssh-rsa");
    assert_eq!(PublicKey::from_ssh_blob(&rsa), Err(KeyError::NotEd25519("ssh-rsa".to_owned())));
}

#[test]
fn a_plain_key_is_written_as_version_1_and_read_back() {
    let pem = key().to_pkcs8_pem(None).unwrap();
    let (_, der) = SecretDocument::from_pem(&pem).unwrap();
    // SEQUENCE, then INTEGER 0: version 1 of the format; 48 bytes have no room for a public half.
    assert_eq!(&der.as_bytes()[..5], [0x30, 0x2e, 0x02, 0x01, 0x00]);
    assert_eq!(der.as_bytes().len(), 48);
    assert!(!PrivateKey::is_encrypted(pem.as_bytes()).unwrap());
    let read = PrivateKey::read(pem.as_bytes(), None).unwrap();
    assert_eq!(read.public(), key().public());
}

#[test]
fn an_encrypted_key_opens_with_its_passphrase_only() {
    let right = Passphrase::new(b"correct horse".to_vec());
    let wrong = Passphrase::new(b"correct house".to_vec());
    let pem = key().to_pkcs8_pem(Some((&right, &[9; 32]))).unwrap();
    assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    let file = pem.as_bytes();
    assert!(PrivateKey::is_encrypted(file).unwrap());
    let read = PrivateKey::read(file, Some(&right)).unwrap();
    assert_eq!(read.public(), key().public());
    let failure = |passphrase| PrivateKey::read(file, passphrase).err();
    assert_eq!(failure(None), Some(KeyError::NeedsPassphrase));
    assert_eq!(failure(Some(&wrong)), Some(KeyError::WrongPassphrase));
}

#[test]
fn version_2_is_read_and_its_public_half_must_belong() {
    use ed25519_dalek::pkcs8::PublicKeyBytes;
    let write = |public: [u8; 32]| {
        KeypairBytes { secret_key: [7; 32], public_key: Some(PublicKeyBytes(public)) }
            .to_pkcs8_pem(LineEnding::LF)
            .unwrap()
    };
    let good = write(key().public().to_bytes());
    assert!(PrivateKey::read(good.as_bytes(), None).is_ok());
    let bad = write(PrivateKey::from_seed(&[8; 32]).public().to_bytes());
    let failure = PrivateKey::read(bad.as_bytes(), None).err();
    assert_eq!(failure, Some(KeyError::HalvesDiffer));
}

#[test]
fn a_cost_nobody_chose_is_not_paid() {
    let costly = |log_n, r, p| {
        let cost = scrypt::Params::new(log_n, r, p).unwrap();
        let parameters = pbes2::Parameters::generate_scrypt_aes256cbc(cost, &[0; 16], [0; 16]);
        affordable(parameters.unwrap().into())
    };
    assert_eq!(costly(14, 8, 5), Ok(()));
    assert_eq!(costly(20, 8, 1), Ok(()));
    assert!(matches!(costly(20, 16, 1), Err(KeyError::TooCostly(_))));
    assert!(matches!(costly(20, 8, 9), Err(KeyError::TooCostly(_))));
    let pbkdf2 = |count| {
        let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(count, &[0; 16], [0; 16]);
        affordable(parameters.unwrap().into())
    };
    assert_eq!(pbkdf2(600_000), Ok(()));
    assert!(matches!(pbkdf2(99_000_000), Err(KeyError::TooCostly(_))));
}

#[test]
fn what_is_no_private_key_is_said_to_be_what_it_is() {
    let public = key().public();
    let read = |file: &str| PrivateKey::is_encrypted(file.as_bytes()).unwrap_err();
    assert_eq!(read(&public.to_spki_pem()), KeyError::PublicGiven);
    assert_eq!(read(&public.to_ssh_line()), KeyError::PublicGiven);
    assert_eq!(
        read("-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----\n"),
        KeyError::NotEd25519("RSA".to_owned())
    );
    for text in ["", "\n", " \r\n\t"] {
        assert_eq!(read(text), KeyError::Empty, "{text:?}");
    }
    for name in ["SIGSTORE", "COSIGN"] {
        let label = format!("ENCRYPTED {name} PRIVATE KEY");
        let file = format!("-----BEGIN {label}-----\neyJrZGYi\n-----END {label}-----\n");
        assert_eq!(read(&file), KeyError::Cosign);
    }
    for text in ["hello", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"] {
        assert!(matches!(read(text), KeyError::NotAKey(_)), "{text}");
    }
    for text in [
        "-----BEGIN PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
    ] {
        let error = PrivateKey::read(text.as_bytes(), None).err();
        assert!(matches!(error, Some(KeyError::Malformed(_))), "{text}: {error:?}");
    }
    let large = vec![b'-'; MAX_KEY_FILE_BYTES + 1];
    assert!(matches!(PrivateKey::is_encrypted(&large), Err(KeyError::NotAKey(_))));
    // As long as a file may be, and one byte more.
    let mut long = key().to_pkcs8_pem(None).unwrap().as_bytes().to_vec();
    long.resize(MAX_KEY_FILE_BYTES, b'\n');
    assert_eq!(PrivateKey::is_encrypted(&long), Ok(false));
    long.push(b'\n');
    assert_eq!(PrivateKey::is_encrypted(&long), Err(KeyError::NotAKey("65537 bytes".to_owned())));
}

#[test]
fn a_key_with_the_line_ends_of_windows_is_refused() {
    let passphrase = Passphrase::new(b"p".to_vec());
    for lock in [None, Some((&passphrase, &[3; 32]))] {
        let pem = key().to_pkcs8_pem(lock).unwrap().replace('\n', "\r\n");
        let read = PrivateKey::read(pem.as_bytes(), Some(&passphrase)).unwrap();
        assert!(read.public() == key().public());
    }
}

/// The file has nothing that a damaged seed could be told by: it is another key then, which
/// nobody trusts. Any other damage is an error, and none a panic.
#[test]
fn a_damaged_key_file_is_read_as_if_it_were_whole() {
    let pem = key().to_pkcs8_pem(None).unwrap();
    let block = pem.find("\n").unwrap() + 1..pem.find("\n-----END").unwrap();
    for at in 0..pem.len() {
        for bit in 0..8 {
            let mut changed = pem.as_bytes().to_vec();
            changed[at] ^= 1 << bit;
            let Ok(read) = PrivateKey::read(&changed, None) else { continue };
            // 16 bytes of DER stand before the seed, which so begins within the 22nd letter.
            let in_seed = block.contains(&at) && at >= block.start + 21;
            let same = read.public() == key().public();
            assert!(same || in_seed, "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn a_key_whose_lines_were_lost_is_said_to_be_of_no_form() {
    let pem = PrivateKey::from_seed(&[7; 32]).to_pkcs8_pem(None).unwrap();
    let pem: &str = &pem;
    for text in [
        pem.replace('\n', " "),
        pem.replace('\n', ""),
        pem.replace('\n', "\\n"),
        pem.lines().map(|line| format!("  {line}\n")).collect(),
    ] {
        assert_eq!(PrivateKey::read(text.as_bytes(), None).err(), Some(KeyError::LostLines), "{text}");
    }
    let around = format!("# a key\n{}\n", pem.replace('\n', "\r\n"));
    assert!(PrivateKey::read(around.as_bytes(), None).is_ok());
    let cut = &pem[..pem.len() / 2];
    let error = PrivateKey::read(cut.as_bytes(), None).err().unwrap();
    assert!(error.next().is_some(), "{error:?}");
}
