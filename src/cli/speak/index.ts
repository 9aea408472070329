/** The file of `nearcast speak`. */
export type {
  Announcement,
  Endpoint,
  LogLevel,
  PrefixLimit,
  SecretSource,
  SpeakConfig,
  SpeakPeer,
} from './config.ts';
export { checkSpeakFile, loadSpeakFile, readSecrets } from './load.ts';
export { type ReadText, readSpeak, type SpeakRead } from './read.ts';
