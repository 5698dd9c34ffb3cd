// Answers of a JWK Set's URL that are not what they should be.

import { publicHalf } from './keys.mjs'

export function sendJson(response, value) {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(value))
}

// 256 MiB, and never a key.
function huge(response) {
  const piece = ' '.repeat(65536)
  let sent = 0
  const more = () => {
    while (sent < 4096) {
      sent += 1
      if (!response.write(piece)) return response.once('drain', more)
    }
    response.end(']}')
  }
  response.setHeader('content-type', 'application/json')
  response.write('{"keys":[')
  more()
}

// A byte now and then: the answer never ends.
function drip(response) {
  response.setHeader('content-type', 'application/json')
  const timer = setInterval(() => response.write(' '), 500)
  response.on('close', () => clearInterval(timer))
}

function redirect(response, { elsewhere }) {
  response.statusCode = 302
  response.setHeader('location', elsewhere)
  response.end()
}

// Beside the real keys, one of a kind that nobody knows yet and one that cannot sign.
function odd(response, { keys }) {
  const unknown = { kty: 'AKP', alg: 'ML-DSA-44', kid: 'post-quantum', pub: 'AAAA' }
  const x = 'hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo'
  const agreement = { kty: 'OKP', crv: 'X25519', kid: 'agreement', x }
  sendJson(response, { keys: [unknown, agreement, ...keys.map(publicHalf)] })
}

function plain(statusCode, type, text) {
  return (response) => {
    response.statusCode = statusCode
    response.setHeader('content-type', type)
    response.end(text)
  }
}

export const faults = {
  500: plain(500, 'text/plain', 'out of order'),
  hang: () => {},
  html: plain(200, 'text/html', '<html>log in first</html>'),
  empty: plain(200, 'application/json', '{"keys":[]}'),
  badjson: plain(200, 'application/json', '{"keys":['),
  huge,
  redirect,
  drip,
  odd,
}
