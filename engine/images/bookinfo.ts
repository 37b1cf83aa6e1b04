// Istio's sample application Bookinfo: four services that ask each other over HTTP, by the names of their Services.

import type { HttpRequest, HttpResponse, Process, Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { app, html, pathOf, text, type AppOptions, type Route } from './app.ts';
import { forward } from './forward.ts';
import { BUSYBOX_COMMANDS, DEBIAN_COMMANDS } from './tools.ts';
import type { Repository } from './types.ts';
import { plain } from './versions.ts';

type Json = Record<string, unknown>;

const PORT = 9080;
const json = (value: unknown, status = 200): HttpResponse => text(JSON.stringify(value), status);
const TRACING = /^(x-request-id|x-b3-\w+|x-ot-span-context|traceparent|tracestate|end-user|cookie|authorization)$/i;

/** What another of the services answers; the status alone when it is not well. */
function* ask(process: Process, { headers }: HttpRequest, service: string, path: string): Co<Json | number> {
  const domain = process.env.SERVICES_DOMAIN ? `.${process.env.SERVICES_DOMAIN}` : '';
  const host = process.env[`${service.toUpperCase()}_HOSTNAME`] ?? service;
  const port = process.env[`${service.toUpperCase()}_SERVICE_PORT`] ?? PORT;
  const name = `${host}${domain}`;
  const addresses = yield* process.host.resolve(name);
  if (!addresses?.length) return 500;
  const passed = headers.filter(([header]) => TRACING.test(header));
  const answer = yield* forward(process, `${addresses[0]}:${port}`, {
    method: 'GET',
    target: path,
    headers: [['Host', `${name}:${port}`], ...passed],
    body: '',
  });
  if (typeof answer === 'number') return 500;
  if (answer.status !== 200) return answer.status;
  try {
    return JSON.parse(typeof answer.body === 'string' ? answer.body : '') as Json;
  } catch {
    return 500;
  }
}

/** The number at the end of a path; undefined when there is none. */
const numberIn = (request: HttpRequest): number | undefined => {
  const [last] = pathOf(request).split('/').slice(-1);
  return /^\d+$/.test(last) ? Number(last) : undefined;
};

const details: AppOptions = {
  ports: [
    {
      port: PORT,
      http: {
        '/health': json({ status: 'Details is healthy' }),
        '/details/*': (request) => {
          const id = numberIn(request);
          if (id === undefined) return json({ error: 'please provide numeric product id' }, 400);
          return json({
            id,
            author: 'William Shakespeare',
            year: 1595,
            type: 'paperback',
            pages: 200,
            publisher: 'PublisherA',
            language: 'English',
            'ISBN-10': '1234567890',
            'ISBN-13': '123-1234567890',
          });
        },
      },
    },
  ],
  start: '[{plain}] INFO  WEBrick 1.8.1\n',
  ready: '[{plain}] INFO  WEBrick::HTTPServer#start: pid={pid} port=9080\n',
  stream: 'stderr',
};

/** v2 keeps its ratings in a database, whose protocol is not spoken here. */
const ratings = (version: string): Program =>
  function* (process): Co<number> {
    const given = new Map<number, Json>();
    const noNumber = json({ error: 'please provide numeric product ID' }, 400);
    const inDatabase = json({ error: 'could not connect to ratings database' }, 500);
    const local = (id: number): HttpResponse => json({ id, ratings: given.get(id) ?? { Reviewer1: 5, Reviewer2: 4 } });
    const route: Route = (request) => {
      const id = numberIn(request);
      if (id === undefined) return noNumber;
      if (request.method !== 'POST') return version === 'v2' ? inDatabase : local(id);
      if (version === 'v2') return json({ error: 'Post not implemented for database backed ratings' }, 501);
      try {
        given.set(id, JSON.parse(request.body) as Json);
      } catch {
        return json({ error: 'please provide valid ratings JSON' }, 400);
      }
      return local(id);
    };
    return yield* app({
      ports: [{ port: PORT, http: { '/health': json({ status: 'Ratings is healthy' }), '/ratings/*': route } }],
      ready: 'Server listening on: http://0.0.0.0:9080\n',
      access: ({ method, target }) => `${method} ${target}\n`,
    })(process);
  };

const REVIEWS = [
  'An extremely entertaining play by Shakespeare. The slapstick humour is refreshing!',
  'Absolutely fun and entertaining. The play lacks thematic depth when compared to other plays by Shakespeare.',
];
/** The colour of the stars; v1 has none and asks nobody. */
const COLORS: Readonly<Record<string, string>> = { v2: 'black', v3: 'red' };

const reviews = (version: string): AppOptions => ({
  ports: [
    {
      port: PORT,
      http: {
        '/health': json({ status: 'Reviews is healthy' }),
        '/reviews/*': function* (request, process): Co<HttpResponse> {
          const id = numberIn(request);
          if (id === undefined) return { status: 404, body: '' };
          const color = COLORS[version];
          const found = color ? yield* ask(process, request, 'ratings', `/ratings/${id}`) : 0;
          const stars = typeof found === 'number' ? undefined : (found.ratings as Record<string, number> | undefined);
          const rating = (reviewer: string) => {
            if (!color) return undefined;
            const given = stars?.[reviewer];
            return given === undefined
              ? { error: 'Ratings service is currently unavailable' }
              : { stars: given, color };
          };
          return json({
            id: String(id),
            podname: process.host.hostname,
            clustername: 'null',
            reviews: REVIEWS.map((text, i) => ({
              reviewer: `Reviewer${i + 1}`,
              text,
              rating: rating(`Reviewer${i + 1}`),
            })),
          });
        },
      },
    },
  ],
  boot: 4_000,
  ready: '[AUDIT   ] CWWKF0011I: The defaultServer server is ready to run a smarter planet.\n',
});

const PRODUCTS = [
  {
    id: 0,
    title: 'The Comedy of Errors',
    descriptionHtml:
      '<a href="https://en.wikipedia.org/wiki/The_Comedy_of_Errors">Wikipedia Summary</a>: an early play of William Shakespeare, about two pairs of twins.',
  },
];
const sorry = (what: string) => ({ error: `Sorry, product ${what} are currently unavailable for this book.` });

/** One part of the page, and the status with which it came. Reviews are asked for twice, as the sample does on purpose. */
function* part(process: Process, request: HttpRequest, what: string, id: string): Co<{ status: number; body: Json }> {
  let found = yield* ask(process, request, what, `/${what}/${id}`);
  if (what === 'reviews' && typeof found === 'number') found = yield* ask(process, request, what, `/${what}/${id}`);
  return typeof found === 'number' ? { status: found, body: sorry(what) } : { status: 200, body: found };
}

const ofProduct = (what: string): ((request: HttpRequest, process: Process) => Co<HttpResponse>) =>
  function* (request, process): Co<HttpResponse> {
    const { status, body } = yield* part(process, request, what, pathOf(request).split('/')[4] ?? '0');
    return json(body, status);
  };

function* frontPage(request: HttpRequest, process: Process): Co<HttpResponse> {
  const about = yield* part(process, request, 'details', '0');
  const said = yield* part(process, request, 'reviews', '0');
  const stars = (rating: Json | undefined) =>
    !rating
      ? ''
      : rating.error
        ? `<p><i>${String(rating.error)}</i></p>`
        : `<font color="${String(rating.color)}">${'★'.repeat(Number(rating.stars))}${'☆'.repeat(5 - Number(rating.stars))}</font>`;
  const detail =
    about.status === 200
      ? `<dl>${Object.keys(about.body)
          .filter((key) => key !== 'id')
          .map((key) => `<dt>${key}</dt><dd>${String(about.body[key])}</dd>`)
          .join('\n')}</dl>`
      : `<p>${String(about.body.error)}</p>`;
  const list = (said.body.reviews ?? []) as { reviewer: string; text: string; rating?: Json }[];
  const review =
    said.status === 200
      ? `${list.map(({ reviewer, text, rating }) => `<blockquote><p>${text}</p><small>${reviewer}</small>${stars(rating)}</blockquote>`).join('\n')}
<p>Reviews served by: <u>${String(said.body.podname)}</u></p>`
      : `<p>${String(said.body.error)}</p>`;
  const [{ title, descriptionHtml }] = PRODUCTS;
  return text(
    html(
      'Simple Bookstore App',
      `<h3>${title}</h3>\n<p>Summary: ${descriptionHtml}</p>\n<h4>Book Details</h4>\n${detail}\n<h4>Book Reviews</h4>\n${review}`,
    ),
  );
}

const productpage: AppOptions = {
  ports: [
    {
      port: PORT,
      http: {
        '/': html('Simple Bookstore App', '<p><a href="/productpage?u=normal">Normal user</a></p>'),
        '/health': 'Product page is healthy',
        '/productpage': frontPage,
        '/api/v1/products': json(PRODUCTS),
        '/api/v1/products/*': (request, process) => {
          const what = pathOf(request).split('/')[5] ?? 'details';
          return ofProduct(what === 'reviews' || what === 'ratings' ? what : 'details')(request, process);
        },
      },
    },
  ],
  start: '[{iso}] [{pid}] [INFO] Starting gunicorn\n',
  ready: '[{iso}] [{pid}] [INFO] Listening at: http://[::]:9080 ({pid})\n',
  stream: 'stderr',
};

const TAGS = plain('1.16.2', '1.16.4', '1.17.0', '1.18.0', '1.19.1', '1.20.1', '1.20.2', '1.20.3');

/** `names`: of the service with its version, as the images are called. */
const image = (service: string, program: Program, path: string, more: Partial<Repository>): Repository => ({
  names: [`docker.io/istio/examples-bookinfo-${service}`],
  tags: { ...TAGS, latest: '1.20.3' },
  size: 60_000_000,
  cmd: [path, String(PORT)],
  exposedPorts: [`${PORT}/tcp`],
  memory: 40_000_000,
  userland: 'gnu',
  commands: DEBIAN_COMMANDS.concat('curl'),
  programs: { [path]: program },
  ...more,
});

const alpine: Partial<Repository> = { userland: 'busybox', commands: BUSYBOX_COMMANDS };

export const bookinfoRepositories: Repository[] = [
  image('details-v1', app(details), '/usr/local/bin/ruby', {}),
  image('details-v2', app(details), '/usr/local/bin/ruby', {}),
  image('ratings-v1', ratings('v1'), '/usr/local/bin/node', alpine),
  image('ratings-v2', ratings('v2'), '/usr/local/bin/node', alpine),
  ...['v1', 'v2', 'v3'].map((version) =>
    image(`reviews-${version}`, app(reviews(version)), '/opt/ol/wlp/bin/server', { memory: 180_000_000 }),
  ),
  image('productpage-v1', app(productpage), '/usr/local/bin/gunicorn', {}),
];
