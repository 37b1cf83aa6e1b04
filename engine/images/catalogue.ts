// The images of the world. To add one: a file beside this with its Repository entries, and a line here.

import { agnhostRepositories } from './agnhost.ts';
import { bookinfoRepositories } from './bookinfo.ts';
import { bookRepositories } from './books.ts';
import { cassandraRepositories } from './cassandra.ts';
import { databaseRepositories } from './databases.ts';
import { demoRepositories } from './demos.ts';
import { distributionRepositories } from './distributions.ts';
import { documentationRepositories } from './documentation.ts';
import { draDriverRepositories } from './dra-example-driver.ts';
import { echoRepositories } from './echo.ts';
import { webRepositories } from './httpd.ts';
import { elasticRepositories } from './elastic.ts';
import { httpbinRepositories } from './httpbin.ts';
import { keycloakRepositories } from './keycloak.ts';
import { istioRepositories } from './istio.ts';
import { apiReaderRepositories } from './kube-state-metrics.ts';
import { languageRepositories } from './languages.ts';
import { monitoringRepositories } from './monitoring.ts';
import { natsRepositories } from './nats.ts';
import { nginxRepositories } from './nginx.ts';
import { perlRepositories } from './perl.ts';
import { phpRepositories } from './php.ts';
import { proxyRepositories } from './proxies.ts';
import { queueRepositories } from './queues.ts';
import { redisRepositories } from './redis.ts';
import { resilienceRepositories } from './resilience4j/index.ts';
import { shipperRepositories } from './shippers.ts';
import { siteRepositories } from './sites.ts';
import { smallRepositories } from './small.ts';
import { storeRepositories } from './stores.ts';
import { toolingRepositories } from './tooling.ts';
import { toolRepositories } from './tools.ts';
import type { Repository } from './types.ts';
import { zookeeperRepositories } from './zookeeper-images.ts';

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
  ...echoRepositories,
  ...httpbinRepositories,
  ...bookRepositories,
  ...bookinfoRepositories,
  ...demoRepositories,
  ...phpRepositories,
  ...siteRepositories,
  ...proxyRepositories,
  ...monitoringRepositories,
  ...apiReaderRepositories,
  ...languageRepositories,
  ...distributionRepositories,
  ...storeRepositories,
  ...queueRepositories,
  ...elasticRepositories,
  ...natsRepositories,
  ...cassandraRepositories,
  ...zookeeperRepositories,
  ...shipperRepositories,
  ...documentationRepositories,
  ...toolingRepositories,
  ...draDriverRepositories,
];
