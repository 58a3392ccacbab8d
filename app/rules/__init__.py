"""The notice 鲁人社函〔2024〕120号 as pure Python: plain values, `now`, a calendar in; a state, date or Refusal out."""
