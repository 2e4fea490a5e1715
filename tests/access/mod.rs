mod factors_reset;
