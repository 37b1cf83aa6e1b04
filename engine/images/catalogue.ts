// The images of the world. To add one: a file beside this with its Repository entries, and a line here.

import { agnhostRepositories } from './agnhost.ts';
import { databaseRepositories } from './databases.ts';
import { webRepositories } from './httpd.ts';
import { keycloakRepositories } from './keycloak.ts';
import { istioRepositories } from './istio.ts';
import { nginxRepositories } from './nginx.ts';
import { perlRepositories } from './perl.ts';
import { redisRepositories } from './redis.ts';
import { resilienceRepositories } from './resilience4j/index.ts';
import { smallRepositories } from './small.ts';
import { toolRepositories } from './tools.ts';
import type { Repository } from './types.ts';

export const catalogue: readonly Repository[] = [
  ...nginxRepositories,
  ...webRepositories,
  ...toolRepositories,
  ...smallRepositories,
  ...agnhostRepositories,
  ...redisRepositories,
  ...databaseRepositories,
  ...perlRepositories,
  ...istioRepositories,
  ...resilienceRepositories,
  ...keycloakRepositories,
];
