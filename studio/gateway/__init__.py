"""The wire to fal: one POST a click, tolerant reading, plain words for every fault. The only room with fal_client."""
