/**
 * Where a client is, by its source address in 127.0.0.0/8: the second octet is the calling code of a country, the third picks
 * among its cities, the largest first. `127.81.0.1` is in Tokyo, `127.81.1.1` in Osaka, `127.1.0.1` in New York.
 * Codes of three digits above 255 are spread over two octets: `127.3.53.1` is in Dublin (353), `127.8.52.1` in Hong Kong.
 * Stable: it depends on the list of cities alone, not on plan or seed.
 */
import { CITIES, findPlace, type Place } from '../topology/index.ts';

export interface Vantage {
  /** The source address that means it. */
  readonly address: string;
  readonly place: Place;
}

/** Calling codes (ITU-T E.164) and the countries they reach. */
const CODES: { readonly [code: number]: string } = Object.fromEntries(
  (
    '1 US,CA 7 RU,KZ 20 EG 27 ZA 30 GR 31 NL 32 BE 33 FR 34 ES 36 HU 39 IT 40 RO 41 CH 43 AT 44 GB 45 DK 46 SE 47 NO ' +
    '48 PL 49 DE 51 PE 52 MX 53 CU 54 AR 55 BR 56 CL 57 CO 58 VE 60 MY 61 AU 62 ID 63 PH 64 NZ 65 SG 66 TH 81 JP 82 KR ' +
    '84 VN 86 CN 90 TR 91 IN 92 PK 93 AF 94 LK 95 MM 98 IR 212 MA 213 DZ 216 TN 218 LY 221 SN 223 ML 224 GN 225 CI 226 BF ' +
    '227 NE 228 TG 229 BJ 230 MU 231 LR 232 SL 233 GH 234 NG 237 CM 243 CD 244 AO 249 SD 250 RW 251 ET 252 SO 253 DJ ' +
    '254 KE 255 TZ 351 PT 352 LU 353 IE 354 IS 355 AL 356 MT 357 CY 358 FI 359 BG 370 LT 371 LV 372 EE 373 MD 374 AM ' +
    '375 BY 380 UA 381 RS 385 HR 386 SI 387 BA 389 MK 420 CZ 421 SK 502 GT 503 SV 504 HN 505 NI 506 CR 507 PA 509 HT ' +
    '591 BO 593 EC 595 PY 597 SR 598 UY 673 BN 675 PG 679 FJ 687 NC 689 PF 852 HK 853 MO 855 KH 856 LA 880 BD 886 TW ' +
    '960 MV 961 LB 962 JO 963 SY 964 IQ 965 KW 966 SA 967 YE 968 OM 970 PS 971 AE 972 IL 973 BH 974 QA 976 MN 977 NP ' +
    '992 TJ 993 TM 994 AZ 995 GE 996 KG 998 UZ 256 UG 258 MZ 260 ZM 261 MG 262 RE 263 ZW 264 NA 267 BW'
  )
    .split(' ')
    .reduce<[string, string][]>((all, word, i) => {
      if (i % 2 === 0) all.push([word, '']);
      else (all.at(-1) as [string, string])[1] = word;
      return all;
    }, []),
);

/** The cities of a code, the largest first. */
function citiesOf(code: number): readonly Place[] {
  const countries = CODES[code]?.split(',') ?? [];
  return CITIES.filter((city) => countries.includes(city.cc)).sort((a, b) => b.population - a.population);
}

/** The vantage that a source address means; undefined for 127.0.x.x, unused codes, and addresses elsewhere. */
export function vantageOf(address: string): Vantage | undefined {
  const m = /^(?:::ffff:)?127\.(\d{1,3})\.(\d{1,3})\.\d{1,3}$/.exec(address);
  if (!m) return undefined;
  const [second, third] = [Number(m[1]), Number(m[2])];
  const direct = citiesOf(second);
  if (direct.length > 0) return vantage(`127.${second}`, direct, third);
  const long = second < 10 ? second * 100 + third : 0;
  const cities = citiesOf(long);
  return long > 255 || cities.length > 0 ? vantage(`127.${second}.${third}`, cities, 0) : undefined;
}

function vantage(start: string, cities: readonly Place[], n: number): Vantage | undefined {
  const at = Math.min(n, cities.length - 1);
  const place = cities[at];
  return place && { place, address: start.split('.').length === 3 ? `${start}.1` : `${start}.${at}.1` };
}

/** The largest city of every country that has a code, by code. */
export function vantages(): readonly Vantage[] {
  return Object.keys(CODES).flatMap((text) => {
    const code = Number(text);
    const address = code < 256 ? `127.${code}.0.1` : `127.${text[0]}.${Number(text.slice(1))}.1`;
    return vantageOf(address) ?? [];
  });
}

/** A vantage as people write it: an address, a city, or a city's code. */
export function findVantage(text: string): Vantage | undefined {
  const direct = vantageOf(text);
  if (direct) return direct;
  const place = findPlace(text, CITIES);
  if (!place || !CITIES.includes(place)) return undefined;
  const code = Number(Object.keys(CODES).find((c) => CODES[Number(c)]?.split(',').includes(place.cc)) ?? 0);
  const n = citiesOf(code).indexOf(place);
  const address =
    code < 256 ? `127.${code}.${n}.1` : `127.${String(code)[0]}.${Number(String(code).slice(1))}.1`;
  return { place, address };
}
