// Everything that a stranger's bytes reach.
import type { Target } from './target.ts';
import { authorizer } from './targets/authorizer.ts';
import { certificate } from './targets/certificate.ts';
import { configurations } from './targets/configuration.ts';
import { base64url, json } from './targets/json.ts';
import { keys } from './targets/keys.ts';
import { request } from './targets/request.ts';
import { address, cookie, query } from './targets/text.ts';
import { signature, token } from './targets/token.ts';

export const TARGETS: Target[] = [
  json,
  base64url,
  token,
  signature,
  query,
  cookie,
  address,
  certificate,
  keys,
  configurations,
  request,
  authorizer,
];
