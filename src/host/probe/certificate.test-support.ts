/** A certificate that signs itself, made when a test needs one: nothing in the repository expires. RFC 5280 §4.1 in DER. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { type Address, addressBytes } from '../../base/index.ts';

export interface TestCertificate {
  readonly key: string;
  readonly cert: string;
}

/** Valid from yesterday for so many days from now; names are host names or addresses. */
export function certificate(names: readonly string[], days: number): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const now = Date.now();
  const until = new Date(now + days * 86_400_000 + 3_600_000);
  const from = new Date(Math.min(now, until.getTime()) - 86_400_000);
  const algorithm = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'));
  const commonName = der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('nearcast test')));
  const name = der(0x30, der(0x31, commonName));
  const alternatives = names.map((n) => {
    const ip = addressBytes(n as Address);
    return ip ? der(0x87, Buffer.from(ip)) : der(0x82, Buffer.from(n));
  });
  const extension = der(0x30, Buffer.from('0603551d11', 'hex'), der(0x04, der(0x30, ...alternatives)));
  const body = der(
    0x30,
    der(0xa0, Buffer.from('020102', 'hex')),
    der(0x02, Buffer.from('01', 'hex')),
    algorithm,
    name,
    der(0x30, time(from), time(until)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, extension)),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, privateKey));
  const base64 = der(0x30, body, algorithm, signature).toString('base64');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  };
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head =
    length < 128
      ? [tag, length]
      : length < 256
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), content]);
}

/** UTCTime: `YYMMDDHHMMSSZ`. */
function time(at: Date): Buffer {
  return der(0x17, Buffer.from(`${at.toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`));
}
