// The bundle as @sigstore/bundle and @sigstore/verify see it.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const crypto = require('node:crypto');
const { bundleFromJSON } = require('@sigstore/bundle');
const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');

const folder = process.argv[2];
const good = path.join(folder, 'good', 'sealed.sigstore.json');
const read = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));
const { hint } = read(good).verificationMaterial.publicKey;

// The key is found by the bundle's hint; logs and timestamps are not asked for.
function verify(json, keyFile) {
  const pem = fs.readFileSync(path.join(folder, keyFile));
  const rawBytes = crypto.createPublicKey(pem).export({ type: 'spki', format: 'der' });
  const none = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
  const trust = toTrustMaterial(none, (wanted) => {
    if (wanted !== hint) throw new Error(`no key ${wanted}`);
    return { publicKey: crypto.createPublicKey({ key: rawBytes, format: 'der', type: 'spki' }), validFor: () => true };
  });
  const verifier = new Verifier(trust, { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 });
  const bundle = bundleFromJSON(json);
  if (bundle.content.dsseEnvelope.payloadType !== 'application/vnd.in-toto+json') throw new Error('payloadType');
  verifier.verify(toSignedEntity(bundle));
  return bundle.content.dsseEnvelope.payload;
}

function accepts(name, json, keyFile = 'key.pub') {
  try {
    verify(json, keyFile);
    return true;
  } catch (why) {
    console.log(`  ${name}: ${why.code ?? why.name}: ${why.message}`);
    return false;
  }
}

const wrong = [];
const payload = fs.readFileSync(path.join(folder, 'payload'));
if (!verify(read(good), 'key.pub').equals(payload)) wrong.push('another payload came out');
if (accepts('key of a stranger', read(good), 'stranger.pub')) wrong.push('accepted with the key of a stranger');

const bad = fs.readdirSync(path.join(folder, 'bad')).filter((name) => name.endsWith('.sigstore.json'));
for (const name of bad) {
  if (accepts(name, read(path.join(folder, 'bad', name)))) wrong.push(`accepted ${name}`);
}
if (bad.length < 10) wrong.push('too few mutations');

// The shape: each of these changes makes it another bundle than version 0.3 with a hint.
const shapes = {
  'no media type': (b) => delete b.mediaType,
  'unknown media type': (b) => (b.mediaType = 'application/json'),
  'no material': (b) => delete b.verificationMaterial,
  'no key in the material': (b) => (b.verificationMaterial = {}),
  'another hint': (b) => (b.verificationMaterial.publicKey.hint = 'SHA256:x'),
  'no envelope': (b) => delete b.dsseEnvelope,
  'two signatures': (b) => b.dsseEnvelope.signatures.push(b.dsseEnvelope.signatures[0]),
};
for (const [name, change] of Object.entries(shapes)) {
  const json = read(good);
  change(json);
  if (accepts(name, json)) wrong.push(`accepted: ${name}`);
}

const rejected = bad.length + Object.keys(shapes).length + 1;
console.log(wrong.length ? wrong : `@sigstore/verify: 1 accepted, ${rejected} rejected`);
process.exit(wrong.length ? 1 : 0);
