/** Where an output directory keeps the resolved configuration of its last sync, as it would lie beside a bundle. */
export const CONFIG_FILE = 'state/pipeline.json';
