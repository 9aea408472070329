// biome-ignore-all lint/suspicious/noThenProperty: a rule's word
import { describe, expect, test } from 'vitest';
import {
  checkedInitialPlan,
  formatComplaint,
  type Imported,
  importAnycastHealthchecker,
  importExabgpArguments,
  importExabgpFile,
  initialPlan,
  type Plan,
  parsePlan,
  QUESTIONS,
  splitSites,
} from './index.ts';

function planOf({ text, remarks }: Imported): Plan {
  expect(remarks.filter((r) => r.kind === 'mistake')).toEqual([]);
  const parsed = parsePlan(text);
  if ('complaints' in parsed)
    throw new Error(`${parsed.complaints.map(formatComplaint).join('\n')}\n${text}`);
  return parsed.plan;
}

const said = (imported: Imported) =>
  imported.remarks.map((r) => `${r.line ?? '-'} ${r.kind} ${r.about}: ${r.message}`);
const INTO = {
  asn: '64500',
  site: 'fra',
  upstream: { asn: '64500', address: '192.0.2.1', role: 'internal' },
};

describe('ExaBGP’s health check', () => {
  const argv = (line: string) => importExabgpArguments(line.split(' '), INTO);

  test('options become a service, its upstream’s attributes, and the question whether a failing node shall leave', () => {
    const imported = argv(
      'exabgp healthcheck --ip 203.0.113.53/32 --ip 2001:db8:53::53 -n dns --interval 10 -f 2 --rise 5 --fall 4 --community 64500:1 --up-metric=50 --timeout 3 --next-hop 192.0.2.9',
    );
    const plan = planOf({ ...imported });
    expect(plan.prefixes).toEqual(['203.0.113.53/32', '2001:db8:53::53/128']);
    expect(plan.services['dns']).toMatchObject({
      address: ['203.0.113.53', '2001:db8:53::53'],
      rise: 5,
      fall: 4,
      whenDown: 'less-preferred',
      addTo: 'lo',
      probes: {},
    });
    expect(plan.sites['fra']?.upstreams['as64500']).toMatchObject({
      med: 50,
      communities: ['64500:1'],
      nextHop: ['192.0.2.9'],
      families: [4, 6],
      lessPreferred: { gracefulShutdown: false, prepend: 0, med: 950 },
      export: [{ when: { prefix: [{ prefix: '2001:db8:53::53/128' }] }, then: { med: { add: 1 } } }],
    });
    expect(said(imported)).toMatchInlineSnapshot(`
      [
        "- question withdraw-on-down: a node that fails is NOT withdrawn there, it is announced with metric 1000; so it is here (when-down: less-preferred). If it should leave, say when-down: withdraw",
        "- question command: no command: the service counts as up whatever happens",
        "- changed flaps: ExaBGP follows every change; here a service that comes back more than 5 times in 10 minutes waits (flaps)",
      ]
    `);
  });

  test('with --withdraw-on-down there is nothing to ask about leaving', () => {
    const imported = argv('--withdraw-on-down --cmd true --ip 203.0.113.1');
    expect(planOf(imported).services['service']?.whenDown).toBe('withdraw');
    expect(imported.remarks.filter((r) => r.kind === 'question')).toEqual([]);
  });

  test('a configuration file says the same, with line numbers; a shell is used only where one is needed', () => {
    const imported = importExabgpFile(
      '# made by hand\ndebug\nname = haproxy\ninterval = 10\nfast-interval = 1\ncommand = curl -sf "http://127.0.0.1/health check"\nip = 203.0.113.0/24\ndisable = /etc/off\nwithdraw-on-down\nas-path = 64500 64500\n',
      INTO,
    );
    const plan = planOf(imported);
    expect(plan.services['haproxy']?.probes['command']).toMatchObject({
      run: ['curl', '-sf', 'http://127.0.0.1/health check'],
      every: 10_000,
      fast: 1000,
      timeout: 5000,
      nagios: false,
    });
    expect(plan.services['haproxy']?.address).toEqual(['203.0.113.1']);
    expect(plan.sites['fra']?.upstreams['as64500']?.export).toEqual([
      { then: { prepend: { times: 2, asn: 64500 } } },
    ]);
    expect(said(imported)).toMatchInlineSnapshot(`
      [
        "8 lost disable: there is no file that disables; say nearcast drain, which keeps who asked for it and why",
        "7 question ip: 203.0.113.0/24 is a network; its first address stands for the service, put the one that is asked",
        "- changed flaps: ExaBGP follows every change; here a service that comes back more than 5 times in 10 minutes waits (flaps)",
      ]
    `);
    const shell = importExabgpFile('command = dig @::1 . | grep -q NOERROR\nip = 203.0.113.1\n', INTO);
    expect(planOf(shell).services['service']?.probes['command']).toMatchObject({
      run: ['/bin/sh', '-c', 'dig @::1 . | grep -q NOERROR'],
    });
  });

  test('what cannot be read is a mistake with its line, and the rest is still imported', () => {
    const imported = importExabgpFile(
      'intervall = 3\nrise = many\nip = nonsense\nip = 203.0.113.1\nname\n',
      INTO,
    );
    expect(
      imported.remarks.filter((r) => r.kind === 'mistake').map((r) => `${r.line} ${r.about}: ${r.message}`),
    ).toMatchInlineSnapshot(`
      [
        "1 intervall: is no option of the health check; did you mean interval?",
        "5 name: has no value",
        "4 ip: "nonsense" is neither an address nor a network",
        "2 rise: "many" is not a number from 0 to 1000; 3 is taken",
      ]
    `);
    expect('plan' in parsePlan(imported.text)).toBe(true);
  });

  test('what the file cannot know is a placeholder, and said', () => {
    const imported = importExabgpArguments(['--ip', '203.0.113.1', '-c', 'true']);
    expect(imported.remarks.filter((r) => r.kind === 'unknown').map((r) => r.about)).toEqual([
      'asn',
      'upstreams',
      'sites',
    ]);
    expect('plan' in parsePlan(imported.text)).toBe(true);
    expect('plan' in parsePlan(importExabgpArguments([]).text)).toBe(true);
  });
});

describe('anycast-healthchecker', () => {
  const INI = `[DEFAULT]
interface            = lo

[daemon]
pidfile              = /var/run/a.pid
dummy_ip_prefix      = 10.189.200.255/32

[foo.bar.com]
check_cmd         = /usr/bin/curl --fail
                    --silent http://10.52.12.1/
check_interval    = 10
check_timeout     = 2
check_fail        = 2
check_rise        = 3
ip_prefix         = 10.52.12.1/32

; the same on IPv6
[foo6.bar.com]
check_cmd = /usr/bin/curl --fail 'http://[fd12:aba6:57db:ffff::1]:8888'
check_timeout: 5
on_disabled = withdraw
ip_prefix = fd12:aba6:57db:ffff::1
ip_check_disabled = true
`;

  test('each section becomes a service that asks the command and whether the address is here', () => {
    const imported = importAnycastHealthchecker(INI, INTO);
    const plan = planOf(imported);
    expect(plan.prefixes).toEqual(['10.52.12.1/32', 'fd12:aba6:57db:ffff::1/128']);
    expect(plan.services['foo.bar.com']).toMatchObject({
      rise: 3,
      fall: 2,
      whenDown: 'withdraw',
      probes: {
        command: {
          run: ['/usr/bin/curl', '--fail', '--silent', 'http://10.52.12.1/'],
          every: 10_000,
          timeout: 2000,
        },
        address: { interface: 'lo' },
      },
    });
    expect(Object.keys(plan.services['foo6.bar.com']?.probes ?? {})).toEqual(['command']);
    expect(said(imported)).toMatchInlineSnapshot(`
      [
        "4 lost daemon: is about BIRD’s prefix list; the agent speaks BGP itself, to BIRD on loopback or instead of it. An empty list needs no dummy prefix",
        "23 question foo6.bar.com.ip_check_disabled: unless the address is on this host, another site may answer the check",
        "- changed exit: routes stay there when the checker stops; here a clean stop withdraws first",
        "- changed flaps: a service that comes back more than 5 times in 10 minutes waits here (flaps)",
      ]
    `);
  });

  test('disabled checks: withdrawn ones are left out, announced ones have no probes; both are asked about', () => {
    const section = (mode: string) =>
      `[a]\ncheck_cmd = true\ncheck_disabled = true\non_disabled = ${mode}\nip_prefix = 203.0.113.1\n`;
    expect(planOf(importAnycastHealthchecker(section('withdraw'), INTO)).services).toEqual({});
    const announced = importAnycastHealthchecker(section('advertise'), INTO);
    expect(planOf(announced).services['a']?.probes).toEqual({});
    expect(announced.remarks.some((r) => r.kind === 'question' && r.about === 'a.on_disabled')).toBe(true);
  });

  test('what cannot be read is a mistake with its line', () => {
    const imported = importAnycastHealthchecker(
      'stray = 1\n[a]\ncheck_intervall = 3\nip_prefix = 203.0.113.1/33\nnonsense\n',
      INTO,
    );
    expect(
      imported.remarks.filter((r) => r.kind === 'mistake').map((r) => `${r.line} ${r.about}: ${r.message}`),
    ).toMatchInlineSnapshot(`
      [
        "1 stray = 1: stands before any section",
        "5 nonsense: is neither a section nor a setting",
        "3 a.check_intervall: is no setting of a check; did you mean check_interval?",
        "4 a.ip_prefix: "203.0.113.1/33" is no prefix; the check is left out",
      ]
    `);
  });
});

describe('a first plan', () => {
  test('answers become a commented plan', () => {
    const text = initialPlan({
      asn: '64500',
      prefixes: ['203.0.113.0/24', '2001:db8:53::/48'],
      sites: splitSites('fra Frankfurt, DE; nyc New York, US').map((site, i) => ({
        ...site,
        upstreams: [
          { asn: `6460${i}`, address: `198.51.100.${i}`, ...(i === 0 ? { password: `\${FRA_MD5}` } : {}) },
        ],
      })),
      services: [{ name: 'resolver', addresses: ['203.0.113.53', '2001:db8:53::53'], probe: 'dns' }],
    });
    expect(text).toMatchInlineSnapshot(`
      "# The plan of an anycast network. \`nearcast check\` says what is wrong with it, \`nearcast predict\` who would land where.
      network: example
      asn: 64500
      prefixes: [203.0.113.0/24, 2001:db8:53::/48]

      sites:
        fra:
          id: 1
          place: "Frankfurt, DE"
          # capacity: 40 Gbps
          upstreams:
            - { asn: 64600, address: 198.51.100.0, role: provider, password: "\${FRA_MD5}" }
        nyc:
          id: 2
          place: "New York, US"
          # capacity: 40 Gbps
          upstreams:
            - { asn: 64601, address: 198.51.100.1, role: provider }

      services:
        resolver:
          address: [203.0.113.53, 2001:db8:53::53]
          probes:
            - dns: { name: example.com, type: SOA, every: 1s, timeout: 300ms }   # a name that this server answers for
            - address: { interface: lo }   # the addresses are on this very host, so that no other site answers the probe

      # How many sites have to stay in, and how fast they may leave. Tickets are handed out by the controller; without one every
      # site judges alone, and nothing stops the last one from leaving.
      guard: { keep: 1, leave: 1 per 30s }
      # controller: https://controller.example.net:4786
      "
    `);
    const parsed = parsePlan(text);
    expect('complaints' in parsed ? parsed.complaints : []).toEqual([]);
  });

  test('few answers are enough, and wrong ones are complaints', () => {
    expect(
      checkedInitialPlan({ asn: '64500', prefixes: ['203.0.113.0/24'], sites: [{ name: 'no' }] }),
    ).toHaveProperty('text');
    expect(
      checkedInitialPlan({ asn: 'x', prefixes: ['203.0.113.1/24'], sites: [{ name: 'a: b' }] }),
    ).toMatchObject({
      complaints: [
        expect.stringContaining('asn'),
        expect.stringContaining('prefixes[0]'),
        expect.stringContaining('a name'),
      ],
    });
  });

  test('every question knows an answer that it accepts, and one that it does not', () => {
    for (const question of QUESTIONS) {
      expect(question.check(question.example), question.key).toBeUndefined();
      expect(question.check(''), question.key).toEqual(expect.any(String));
    }
  });
});
