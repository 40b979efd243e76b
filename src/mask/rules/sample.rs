//! How the tables of rules are written: a rule a line, its samples put together from parts.
//!
//! Rules: a number stands for that many letters and digits that were drawn once; `h`, `d`, `u` and
//! `l` before it for hex digits, digits, capitals with digits, and base32. So no line of the tables
//! has the form of a token.

/// A built-in rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What stands in the brackets.
    pub name: &'static str,
    /// What it finds.
    pub finds: &'static str,
    /// The page it was written from.
    pub page: &'static str,
    /// Its patterns; none where it goes by the place of the secret.
    pub patterns: &'static [&'static str],
    /// Texts it masks. The secret in a text of a rule without patterns is [`SAMPLE`](super::SAMPLE).
    pub examples: &'static [&'static str],
    /// Texts like them that no rule masks.
    pub near: &'static [&'static str],
}

macro_rules! rules {
    ($($name:literal, $finds:literal, $page:literal; [$($pattern:literal)*] [$(($($sample:tt)*))*]
       [$(($($near:tt)*))*]);* $(;)?) => {
        &[$(Rule {
            name: $name,
            finds: $finds,
            page: $page,
            patterns: &[$($pattern),*],
            examples: &[$(concat!($(crate::mask::rules::sample::part!($sample)),*)),*],
            near: &[$(concat!($(crate::mask::rules::sample::part!($near)),*)),*],
        }),*]
    };
}

#[rustfmt::skip]
macro_rules! part {
    (4) => { "wjBT" };
    (5) => { "de6Lg" };
    (6) => { "zPdJpc" };
    (8) => { "q7RerfMD" };
    (10) => { "q7RhqSSPdN" };
    (12) => { "q7RqcM8iuCjL" };
    (13) => { "q7RM6VmgPNSnz" };
    (14) => { "q7ReNdRpHVLD3w" };
    (15) => { "q7Rzvr4mW3rfNvK" };
    (16) => { "q7REuQehJCk2xjHC" };
    (20) => { "q7R2MN46wxWyQHP5Fe7f" };
    (22) => { "q7RUedYWvTNV6EuXAUybFy" };
    (23) => { "q7RHdp3uiZrBB9HfkEBMti6" };
    (24) => { "q7RtXCyVAqjfmjqUqaH7Pmsu" };
    (25) => { "q7RLzRNwiW8JRTVZdF939V5MB" };
    (26) => { "q7RgGSBdnepEkhxQdgaNjLgzRb" };
    (27) => { "q7RRAjSsyQzGhh8HFGGvfjgZxZs" };
    (28) => { "q7RkKbpKzjWLb2KvT9fW8sKzky3q" };
    (30) => { "q7RJxSqR5428n5r6BZ5qnKHyYbb4tG" };
    (31) => { "q7RQyE5YyzfqgqGnxpGRR7aGTy5Tf7U" };
    (32) => { "q7RX2nGmD4Sxf5YBFBZfYkkibjPF5TjR" };
    (33) => { "q7RUyjMMiba5YTgKZiD9n69pbspuJr2Pw" };
    (34) => { "q7R7idZyFUP6KC6JiLjKJb9E3mQa35jmjG" };
    (35) => { "q7RMdwVKKMG43gMdrntc3gJEMb2eEwRJQJn" };
    (36) => { "q7RJL5GJrWKsMn7EiChBEweUrDepUv4h3jXT" };
    (37) => { "q7RsiFqZgBHkU7qkXDJBxCnywfYzbxMFEXbAx" };
    (38) => { "q7RJeh4qgfstc3mt2i6D8V6sBjLJNHWwftd5Wm" };
    (39) => { "q7RbSf5sfQ8qes9hFaxMCtRicKXrhksdmnvSvK2" };
    (40) => { "q7RJVmty5bscabYJMnJGrEgU6TDUHL7BJvWpqxn7" };
    (42) => { "q7RiByd7iaeSZsDkdfU7A9JUuQrWucFmktEaszxMwr" };
    (43) => { "q7RymaxAfGtJTnrJ3afs6fjBPcBbvvSqfPK82jUX4QA" };
    (44) => { "q7RHjuYRTjc67XJSDYW5JiK2JN765b6VP5XVWTqfbciS" };
    (48) => { "q7R7EMdSbSLVrHsaF5eZJLfUKeZZGs5e8srY2pqZTFH8AeGV" };
    (52) => { "q7RRSTneQjxsTZWvRNiaGdHtVgWpVHuXKuFFF3hMnvfGbuFe6JEt" };
    (53) => { "q7RePfjZKsziQ6SJthXzqHHBbkaHVEBvYjCyAwh7xaw2x7BhnXaZu" };
    (54) => { "q7RBA9PezD2t8dtgd7UuSjrtDJwn3z4Db52SBMMpYfdYCER2iT9uHd" };
    (56) => { "q7RGCxuvsZZTsBTrvGMUBhkTkepJ5HMqEx2EDiMnrfmxMfwrzs5NnbZ9" };
    (58) => { "q7RZKpAtx2dHtNziVJKS498pftrABTEDv869bicDX25GPHaeB6K8FEr4gq" };
    (59) => { "q7RVg6YWT82FfM3ca4iqNcTXviSsKSDW2hgevKPnAsq4QaaLvFtwT7rGKrM" };
    (60) => { "q7RXTvdbnHVTCfsqUDzqHcWxXCzVBna5uZ8JepHnv36nqFqs2ugRHRmqHCUd" };
    (64) => { "q7RdpbQjCdXdmBEXwYhfkxnmTKZFcvUYA7zxEkgaftfyChM2pAy36v65DfdXGnzL" };
    (67) => { "q7RzZGbSCr5S3BcAcFe5dsnZeQxztxRcsZXWwtvaY2Q5Seb6qgGXF3A4sD6HiHma5Zv" };
    (68) => { "q7RjQrw9wFz44QfJnB2krCeTcGMLwkDgesRfpgCHXEmqiCFRVrZL83U2h37uutNtzsZs" };
    (69) => { "q7RmrrjuPnweBsrJKqT5gTFcgaG6q7EzcuqhdnQ6PnezJ9mEQs33UagSQXRypczxjcpsc" };
    (70) => { "q7Rp6a6wCVzmRvepc4HMGeCg4BUMjSLfTkBWtCuUvCdvZNyCCb935zTnBYBpaDkDh6fBNz" };
    (76) => { "q7RiadMjT5BfNRzZJkjyukKkegAH2545nvi7cGwdQSAfXRW6kS48qRBR8n7GmNpcBKkAyhjrY6nc" };
    (78) => { "q7RVcU7whAQFM8S3vTCvPrDAUzEJEmbaRHFrE2R36F7m5GBgeiyDzf5EJJUccSifYw3YJfd2JAT4ib" };
    (80) => { "q7RYW6hniHu54kV4Yqe7yR2skwRt6FjsJGpPsRJrwzcnmBkStVwAk44sh3KdS8z9EMKPWgsLS8BZ5zsA" };
    (86) => { "q7Rzx2fEqmRZdu6KsvS9PUwYaZcqjuRSDCJzdiHqRTcbdaNyvgKyLqCPvPipzR7Gkia5rXjEgeSj9U4tB5sadT" };
    (93) => { "q7RQTPEQKYHrkacdLbBmrkd3gaRMUnjCnKQTJTTC6RmJvevSdY4GXLaA8DZFfZTEmqgsqTchxZW8sXdtSMVDV4KsuTpfJ" };
    (96) => { "q7Rr7ZnkZwnAxQrA8SWU7LGG7KWa8bDYqNv4pBRPeNkjcbhgRkyjWbbciWTScWeZce8P2zn66LUe92XAgrpphcc852Sf62SS" };
    (99) => { "q7Rig42TpuwxDsbysudX2zw3QJG8uRZb4CbDK3gyGXdLNpX96fN6ukDaKnu22dayHgHW46mHPy7JsNku6pWqHkhS3fH4WM4gSwy" };
    (100) => { "q7RZfDTbzpvsDLJkASqFiLQ2W2QTcyPwKj97EUMZwkFEW3sPqixFTWrJntv2X67RjYjrYwQKykrwnsYgkUgnAjj4vYvDtngSgtpA" };
    (140) => { "q7RB84DWqJSuFbjsQZBaZr8DWNPZTC8qUYT3TWP8qVmThFDwsSWgCr4BXXSks8DGFbR8CKVU9mTw3aA7HgcsLpkX4nKyg8NFLpXGJbS47zKxCZFpVmBJ2hYRySdstABdaeCCSWVyPsgq" };
    (d6) => { "579478" };
    (d9) => { "433248943" };
    (d10) => { "6785938645" };
    (d11) => { "75738156456" };
    (d12) => { "887263571263" };
    (d16) => { "9611425523438634" };
    (d18) => { "793295484928292574" };
    (h4) => { "4ff1" };
    (h8) => { "fe4f7f50" };
    (h10) => { "5aef9ebdd2" };
    (h12) => { "5b001a3ff416" };
    (h16) => { "d4a3baf69dad8199" };
    (h20) => { "bfca8b6f3a6a9421cc1c" };
    (h22) => { "93016f1c4261e5351d30b4" };
    (h24) => { "9895d1a0d1f13dce20c4fd32" };
    (h30) => { "f640d0032634f087e51b429fe81101" };
    (h31) => { "02c995f1abef543b5dfce8a981a049d" };
    (h32) => { "7ccc7e90a88d519448fb2fc6791ce680" };
    (h34) => { "ce2b27c8af6666259bbc471fb3be24a0b8" };
    (h36) => { "0316f688d3e481a65c2011bef2c328a72c5e" };
    (h38) => { "5b77518b1018f134a069e3fab8c3bfc5e740e6" };
    (h40) => { "1572b4e3c02eaa7f3b4a715e4e48dd74089a58f3" };
    (h42) => { "aef3416f9386bd8773c9d51940ea4e095bd1d68545" };
    (h43) => { "75622f856469602d1ba9f20df4875b15b0be23b7ac1" };
    (h46) => { "93fe04072755398003680e7e3b35183ef8333c4774ec50" };
    (h48) => { "cd1c1bac7adac1a4b7d0b352ad6074dce1118813830d7193" };
    (h59) => { "9b53182e4e349d98729e7c6be9ff907a76cc0b57aaf89691052be1ceb37" };
    (h60) => { "4dab4683f84d30d3fc4d83cee9b9bcca0fce9594dc72aa7a6d0018f99ddc" };
    (h64) => { "eb1be0273dbc46dfcea25bab29539ad5966d513b1d00909c30065f846d345303" };
    (h70) => { "25fed10a47b851832b6ec017c1e1777155a0e9d8f27c7d9cf07255bc509cb3acac23db" };
    (h146) => { "7c6e9b7d180a4742684ee75bb6cc69f67e48eb7c64328c0490c257a632b96292794c9bce4850bbd0e7cb3593871c15d694c1957f8db03911731a6b2dc782bdeae16d4f6185578715bb" };
    (l12) => { "PCGWKEEXYRXR" };
    (l16) => { "HYHASYQE7WMYKE6Y" };
    (u5) => { "KRXH5" };
    (u6) => { "LK73PH" };
    (u8) => { "UAZ9PCDT" };
    (u9) => { "VNHV6HLW6" };
    (u10) => { "7ZULECA79F" };
    (u16) => { "XSG959NWAYFUSRFJ" };
    (u17) => { "BB3KUZMLGVW2MYWQZ" };
    (u20) => { "JZSRDCG3DP959LVFKQLJ" };
    (u24) => { "63FC68NPZAC5KUED4XE6AML2" };
    (u27) => { "UA6YN8FW75K3FDXV4Z8JVXBNQ6F" };
    (u31) => { "KZ4ZR63SHQMNHQSGNS9Q7QHF4E6JHG7" };
    (u56) => { "3LN8FJZD3RDZCAP7VHJ5FNHYLZXASHRZY9CYGYWHCRSYN6B6HB9HESMK" };
    (u58) => { "U2KST6ABXK98CCEM38L63QEZXPVJCPLZ7X72YWAX8XQBR7CKKT2TESYJCG" };
    (u64) => { "N5GZURKEVXZRY3XDXW8ZRRYKJPA7363VLEKVVSXENFMVY7Y5E9WMTSBLTRBPD36N" };
    ($text:literal) => { $text };
}

pub(super) use {part, rules};
