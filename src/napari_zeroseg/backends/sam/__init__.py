"""Promptable segmenters of the Segment Anything kind: SAM, SAM-HQ, SAM 2, SAM 3, EdgeTAM, MobileSAM."""
