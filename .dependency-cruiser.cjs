/**
 * Who may import whom (`npm run check:boundaries`). Most rules are lists of what is allowed, so that a new
 * kind of file is refused until somebody decides. test/boundaries.test.ts plants a violation of each rule.
 * Longer than a file should be: the rules read best as one table.
 */

/** An import that names types only and leaves nothing in the built file. */
const TYPE_ONLY = ['type-only', 'type-import']

/** The files that start a process. */
const ENTRIES = '^(src/(server|migrate|uploads/images/renderer)|workers/worker)\\.ts$'
const DOMAIN = '^src/(?!shared/)([^/]+)/'
const ROLES = 'routes|schemas|service|repository|table|errors|jobs|hooks|container'

/** The files of these roles in the importing file's own domain; needs a `from` that captured the domain. */
const own = (roles) => `^src/$1/[^/]+\\.(${roles})\\.ts$`
/** The own domain's files without a role: auth.tokens.ts, mail.templates.ts. */
const OWN_OTHER = `^src/$1/(?!index\\.ts$)(?![^/]+\\.(${ROLES})\\.ts$)`
const ANY_CONTAINER = '^src/[^/]+/[^/]+\\.container\\.ts$'
const SHARED = '^src/shared/'
const filesOf = (roles) => `${DOMAIN}[^/]+\\.(${roles})\\.ts$`

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })
/** From these files into src: nothing but what is listed. */
const only = (name, comment, path, allowed) =>
  rule(name, comment, { path }, { path: '^src/', pathNot: allowed })
/** From these files into src: no value but what is listed; types are another rule's business. */
const onlyValues = (name, comment, path, allowed) =>
  rule(name, comment, { path }, { path: '^src/', pathNot: allowed, dependencyTypesNot: TYPE_ONLY })

const everywhere = [
  rule('no-cycles', 'Two files that need each other are one file, or hide a third.', {}, { circular: true }),
  rule(
    'no-unresolved-imports',
    'A path that leads nowhere would slip past every other rule.',
    {},
    { couldNotResolve: true },
  ),
  rule(
    'no-undeclared-packages',
    'A package that only another one brings along may vanish with its next version.',
    {},
    { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
  ),
  rule(
    'no-dev-dependencies-at-run-time',
    'The image has production dependencies only: the process would not start there.',
    { path: '^(src|workers)/' },
    { dependencyTypes: ['npm-dev'] },
  ),
  rule(
    'no-dead-files',
    'What no process reaches is not maintained by anybody. A test alone keeps no file alive.',
    { path: ENTRIES },
    { path: '^src/', pathNot: [ENTRIES, '\\.d\\.ts$'], reachable: false },
  ),
]

const betweenFolders = [
  rule(
    'shared-imports-no-domain',
    'Shared code that knows a domain makes every domain depend on that one.',
    { path: SHARED },
    { path: '^src/(?!shared/)' },
  ),
  rule(
    'src-imports-only-src',
    'The API must start without the workers, and production without what develops it.',
    { path: '^src/' },
    { path: '^(workers|dev|migrations)/' },
  ),
  rule(
    'dev-runs-the-built-files',
    'The one-command start starts what production starts, not a second wiring of the sources.',
    { path: '^dev/' },
    { path: '^(src|workers)/' },
  ),
  rule(
    'nobody-imports-tests',
    'Tests are leaves: production cannot depend on what is not shipped.',
    { pathNot: '^test/' },
    { path: '^test/' },
  ),
  rule(
    'tests-share-only-support',
    'A test that imports a test runs it twice. What two tests need is in test/support, or is a part of the contract.',
    { path: '^test/' },
    { path: '^test/', pathNot: '^test/(support|contract/(support|chapters|beyond))/' },
  ),
  rule(
    'contract-tests-are-black-box',
    'The contract suite runs against the Nest baseline too: it knows a base URL and nothing else.',
    { path: '^test/contract/' },
    { path: '^(src|workers|dev)/' },
  ),
  rule(
    'contract-parts-need-no-service',
    'They run where nothing of ours does, and the other tests’ support starts what is ours.',
    { path: '^test/contract/(support|chapters|beyond)/' },
    { path: '^test/support/' },
  ),
  rule(
    'nobody-imports-the-comparison',
    'The baseline is measured, not used. What measures it has its own tests.',
    { pathNot: '^(comparison|test/comparison)/' },
    { path: '^comparison/' },
  ),
  rule(
    'bench-tests-leave-the-baseline-alone',
    'They test how figures are made; the baseline has tests of its own.',
    { path: '^test/comparison/' },
    { path: '^comparison/', pathNot: '^comparison/bench/' },
  ),
  rule('entry-files-are-not-imported', 'They start a process when they load.', {}, { path: ENTRIES }),
]

const processes = [
  only('server-imports', 'It boots and drains; what runs is put together elsewhere.', '^src/server\\.ts$', [
    '^src/(api|app|container)\\.ts$',
    '^src/shared/(boot|config|shutdown)\\.ts$',
    '^src/shared/telemetry/',
  ]),
  only('api-imports', 'It opens resources and listens; it sees no domain.', '^src/api\\.ts$', [
    '^src/(app|container)\\.ts$',
    SHARED,
  ]),
  only('migrate-imports', 'The first admin comes out of the container like all else.', '^src/migrate\\.ts$', [
    '^src/container\\.ts$',
    SHARED,
  ]),
  only('app-imports', "It sees a domain's plugin and nothing behind it.", '^src/app\\.ts$', [
    '^src/[^/]+/index\\.ts$',
    '^src/container\\.ts$',
    SHARED,
  ]),
  onlyValues('app-is-a-list-of-plugins', 'What is no plugin comes out of the container.', '^src/app\\.ts$', [
    '^src/[^/]+/index\\.ts$',
    '^src/shared/(http|cache)/',
  ]),
  only(
    'container-imports',
    'It composes what the domains provide and makes nothing.',
    '^src/container\\.ts$',
    [ANY_CONTAINER, SHARED],
  ),
  rule(
    'top-level-files-have-a-rule',
    'What stands above the domains can reach all of them: say first what it may.',
    { path: '^src/(?!(server|api|migrate|app|container)\\.ts$)[^/]+$' },
    { path: '^src/' },
  ),
  only(
    'workers-import',
    'A worker is thin: a job contract, and a service out of the container.',
    '^workers/',
    ['^src/container\\.ts$', '^src/[^/]+/[^/]+\\.jobs\\.ts$', ANY_CONTAINER, SHARED],
  ),
]

const betweenDomains = [
  rule(
    'domains-meet-at-containers',
    'What a domain offers to others is what its container file exports; all else may change any day.',
    { path: DOMAIN },
    { path: '^src/(?!shared/)[^/]+/', pathNot: ['^src/$1/', ANY_CONTAINER] },
  ),
  rule(
    'container-files-are-called-once',
    'The chain in container.ts is the dependency graph. Everybody else may only take types from there.',
    { path: '^(src|workers)/', pathNot: '^src/container\\.ts$' },
    { path: ANY_CONTAINER, dependencyTypesNot: TYPE_ONLY },
  ),
  rule(
    'domains-do-not-look-up',
    'A domain lists what it needs; it does not know who puts it together.',
    { path: DOMAIN },
    { path: '^src/[^/]+\\.ts$' },
  ),
]

const insideDomains = [
  only(
    'index-imports',
    'The plugin mounts routes and hooks; rules and data are not its business.',
    `${DOMAIN}index\\.ts$`,
    [own('routes|hooks|schemas|container'), OWN_OTHER, SHARED],
  ),
  only('container-file-imports', 'It wires services, and no HTTP.', filesOf('container'), [
    own('service|repository|schemas|errors|jobs|hooks'),
    OWN_OTHER,
    ANY_CONTAINER,
    SHARED,
  ]),
  only('routes-import', 'Routes know HTTP: shapes, hooks, and the verbs of the service.', filesOf('routes'), [
    own('routes|schemas|hooks|service|container'),
    OWN_OTHER,
    ANY_CONTAINER,
    SHARED,
  ]),
  rule(
    'services-are-injected',
    'Only a container file makes a service; all others name its type, so that a test can hand in another.',
    { path: DOMAIN, pathNot: '\\.container\\.ts$' },
    { path: own('service'), dependencyTypesNot: TYPE_ONLY },
  ),
  only('service-imports', 'Services know the rules: no HTTP, no SQL.', filesOf('service'), [
    own('service|repository|schemas|errors|jobs'),
    OWN_OTHER,
    ANY_CONTAINER,
    SHARED,
  ]),
  rule(
    'repositories-are-injected',
    'A service names the type of its repository and is given one.',
    { path: filesOf('service') },
    { path: own('repository'), dependencyTypesNot: TYPE_ONLY },
  ),
  rule(
    'repositories-are-private',
    'A repository is seen by its own service and by the container file that makes it.',
    { path: DOMAIN, pathNot: '\\.(service|repository|container)\\.ts$' },
    { path: own('repository') },
  ),
  only(
    'repository-imports',
    'Repositories know SQL and name what a violated constraint means; of other domains types, where a statement crosses them.',
    filesOf('repository'),
    [
      ANY_CONTAINER,
      own('table|repository|schemas|errors'),
      OWN_OTHER,
      '^src/shared/(database/|(errors|media|origin|principal)\\.ts$)',
    ],
  ),
  rule(
    'tables-are-private',
    'Rows leave a repository as domain values; a column that others see cannot be renamed.',
    { path: DOMAIN, pathNot: '\\.(repository|table)\\.ts$' },
    { path: own('table') },
  ),
  only('table-imports', 'A table describes columns.', filesOf('table'), [
    own('table'),
    OWN_OTHER,
    '^src/shared/(database/|principal\\.ts$)',
  ]),
  only(
    'leaves-import',
    'Errors, schemas and job contracts are read from both ends.',
    filesOf('errors|schemas|jobs'),
    [own('schemas'), OWN_OTHER, SHARED],
  ),
  rule(
    'wire-shapes-are-checked-at-the-edge',
    'Services and repositories may name the types that a schema infers; parsing is done before they run.',
    { path: DOMAIN, pathNot: '(\\.(routes|hooks|schemas|jobs)|/index)\\.ts$' },
    { path: own('schemas'), dependencyTypesNot: TYPE_ONLY },
  ),
]

const packages = [
  rule(
    'sql-stays-in-the-data-layer',
    'Only repositories know SQL; container files may wire it.',
    {
      path: '^(src|workers)/',
      pathNot: ['^src/.+\\.(repository|table|container)\\.ts$', '^src/shared/database/'],
    },
    { path: 'node_modules/drizzle-orm/', dependencyTypesNot: TYPE_ONLY },
  ),
  rule(
    'http-stays-in-the-routes',
    'A rule that knows a request cannot run in a worker.',
    { path: '(^src/shared/errors|\\.(service|repository|table|errors|jobs))\\.ts$' },
    { path: 'node_modules/(fastify|@fastify/[^/]+)/' },
  ),
  rule(
    'shared-http-stays-in-the-routes',
    'The same, for what we built on it; types such as a page of results may be named.',
    { path: '\\.(service|repository|table|errors|jobs)\\.ts$' },
    { path: '^src/shared/http/', dependencyTypesNot: TYPE_ONLY },
  ),
  rule(
    'drivers-stay-in-shared',
    'A connection is opened in one place, with its time limits, and closed in the same place.',
    { path: '^(src|workers)/', pathNot: SHARED },
    { path: 'node_modules/(postgres|ioredis|bullmq|redlock|@aws-sdk/[^/]+)/', dependencyTypesNot: TYPE_ONLY },
  ),
]

module.exports = {
  forbidden: [
    ...everywhere,
    ...betweenFolders,
    ...processes,
    ...betweenDomains,
    ...insideDomains,
    ...packages,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    // Keeps imports of types, which the type-only rules read. "specify" would compile each file to find the same.
    tsPreCompilationDeps: true,
    moduleSystems: ['es6', 'cjs'],
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
