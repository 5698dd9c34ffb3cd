// Mints a token with jose for each algorithm: mint.mjs KEYS PAYLOAD, a JSON line each to stdout.
// The key that verifies goes along as the JWK that jose exports.

import { createPublicKey, webcrypto } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

// Node 18 has these, but not as globals.
globalThis.crypto ??= webcrypto
globalThis.CryptoKey ??= webcrypto.CryptoKey
const { SignJWT, exportJWK, importPKCS8 } = await import('jose')

const algorithms = {
  HS256: 'secret',
  HS384: 'secret',
  HS512: 'secret',
  RS256: 'rsa',
  RS384: 'rsa',
  RS512: 'rsa',
  PS256: 'rsa',
  PS384: 'rsa',
  PS512: 'rsa',
  ES256: 'p256',
  ES384: 'p384',
  ES512: 'p521',
  Ed25519: 'ed25519',
  EdDSA: 'ed25519',
}

const [keys, payload] = process.argv.slice(2)
for (const [alg, name] of Object.entries(algorithms)) {
  const file = readFileSync(join(keys, name === 'secret' ? 'secret.bin' : `${name}.pem`))
  const signing = name === 'secret' ? new Uint8Array(file) : await importPKCS8(file.toString(), alg)
  const verifying = name === 'secret' ? signing : createPublicKey(file)
  const kid = `${name}-${alg}`
  const token = await new SignJWT({ ...JSON.parse(payload), minter: 'jose' })
    .setProtectedHeader({ alg, kid, typ: 'at+jwt' })
    .sign(signing)
  const jwk = { ...(await exportJWK(verifying)), alg, kid, use: 'sig' }
  console.log(JSON.stringify({ minter: 'jose', alg, token, key: { jwk } }))
}
