"""Who opens a submitted bank (题库), and the record of it; whether two organisations sent the same questions."""
