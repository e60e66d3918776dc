//! Voice of one call: offer/answer, RTP, RTCP, playout, digits, quality. Pure.
