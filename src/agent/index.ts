export { Router, type RouterOptions, type RouterPeer, type Transport } from './router.ts';
