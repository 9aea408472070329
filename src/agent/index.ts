export {
  BfdDriver,
  type BfdDriverOptions,
  type BfdSettings,
  type BfdView,
  type OnBfdState,
  type Strays,
} from './bfd.ts';
export { Router, type RouterOptions, type RouterPeer, type Transport } from './router.ts';
