// What oidc-provider is told: clients, and a resource for each way to make an access token.

import { algorithms, encryption, secret } from './keys.mjs'

const resources = 'https://api.example/'

// The last part of a resource's name says how its access tokens are made.
function tokensOf(resource) {
  const kind = resource.startsWith(resources) ? resource.slice(resources.length) : ''
  if (kind === 'opaque') return { accessTokenFormat: 'opaque' }
  if (kind === 'HS256') return { jwt: { sign: { alg: 'HS256', key: secret, kid: 'secret' } } }
  if (kind === 'JWE') {
    const encrypt = { alg: 'RSA-OAEP-256', enc: 'A256GCM', key: encryption.publicKey }
    return { jwt: { sign: { alg: 'ES256' }, encrypt } }
  }
  if (algorithms.includes(kind)) return { jwt: { sign: { alg: kind } } }
  const error = new Error('invalid_target')
  throw Object.assign(error, { error: 'invalid_target', statusCode: 400, expose: true })
}

// `state` is read anew for each token: `lifetime` in seconds, `tamper(jwt)` before it is signed.
export function settings(keys, state) {
  const lifetime = () => state.lifetime
  return {
    jwks: { keys },
    enabledJWA: { idTokenSigningAlgValues: algorithms },
    clients: [
      {
        client_id: 'machine',
        client_secret: 'of-the-machine',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
      {
        client_id: 'web',
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: ['http://127.0.0.1/cb'],
      },
    ],
    scopes: ['openid', 'offline_access', 'api:read', 'api:write'],
    claims: { openid: ['sub'] },
    findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    pkce: { required: () => true },
    ttl: {
      AccessToken: lifetime,
      AuthorizationCode: 60,
      ClientCredentials: lifetime,
      Grant: 3600,
      IdToken: 600,
      Interaction: 600,
      RefreshToken: 3600,
      Session: 3600,
    },
    formats: { customizers: { jwt: (_, __, jwt) => state.tamper(jwt) } },
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: async () => `${resources}ES256`,
        useGrantedResource: async () => true,
        getResourceServerInfo: async (_, resource) => ({
          scope: 'api:read api:write',
          audience: resource,
          accessTokenTTL: state.lifetime,
          accessTokenFormat: 'jwt',
          ...tokensOf(resource),
        }),
      },
    },
  }
}
