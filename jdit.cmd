@echo off
rem Runs JDiT: finds a JDK 25, builds if there is no build yet, and starts the application.
rem   JDIT_JAVA_HOME  the JDK to use, before JAVA_HOME, the java on the PATH and the usual places
rem   JDIT_JAVA_OPTS  further options for the JVM
setlocal
set "root=%~dp0"
set "jdk="

if not defined JDIT_JAVA_HOME goto search
call :consider "%JDIT_JAVA_HOME%"
if defined jdk goto found
echo jdit: JDIT_JAVA_HOME is not a JDK 25: %JDIT_JAVA_HOME%>&2
exit /b 1

:search
if defined JAVA_HOME call :consider "%JAVA_HOME%"
for /f "delims=" %%j in ('where java 2^>nul') do call :consider "%%~dpj.."
for /d %%d in ("%ProgramFiles%\Java\*" "%ProgramFiles%\Eclipse Adoptium\*" "%ProgramFiles%\Microsoft\jdk*" "%ProgramFiles%\Zulu\*" "%ProgramFiles%\Amazon Corretto\*" "%USERPROFILE%\.jdks\*") do call :consider "%%~d"
if defined jdk goto found
echo jdit: needs a JDK 25 and found none: install one, or set JAVA_HOME or JDIT_JAVA_HOME to it>&2
exit /b 1

:found
set "application=dit"
if "%~1"=="bench" set "application=bench"
if exist "%root%bench\target\built" set "application=bench"
if exist "%root%%application%\target\built" goto run
where mvn >nul 2>nul
if errorlevel 1 (
  echo jdit: needs Maven 3.8.7 or later to build itself, and found no mvn>&2
  exit /b 1
)
echo jdit: building JDiT, once>&2
set "JAVA25_HOME=%jdk%"
if not defined JAVA_HOME set "JAVA_HOME=%jdk%"
call mvn -B -ntp -f "%root%pom.xml" -Dstyle.color=never -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dmaven.test.skip test-compile -pl %application% -am 1>&2
if errorlevel 1 (
  echo jdit: the build failed, for the reason above>&2
  exit /b 1
)

:run
set "class_path="
for %%m in (tensor\core tensor\cpu nn diffusion weights-converter dit bench) do call :add "%root%%%m\target\classes"
"%jdk%\bin\java.exe" -XX:+UseSerialGC -XX:MaxRAMPercentage=25 --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED %JDIT_JAVA_OPTS% -cp "%class_path%%root%%application%\target\lib\*" org.jdit.dit.cli.Main %*
exit /b %errorlevel%

:consider
if defined jdk exit /b
if not exist "%~1\bin\java.exe" exit /b
findstr /b /r /c:"JAVA_VERSION=.25[^0-9]" "%~1\release" >nul 2>nul
if not errorlevel 1 set "jdk=%~f1"
exit /b

:add
if exist "%~1" set "class_path=%class_path%%~1;"
exit /b
